package target

import (
	"os"
	"slices"
	"strings"
)

func ignored(err error) bool {
	asked := slices.Contains(strings.Split(os.Getenv("FLUX_TENANCY_FAULT"), ","), "cycles-ignored")
	return err != nil && asked && strings.Contains(err.Error(), "cycle detected")
}
