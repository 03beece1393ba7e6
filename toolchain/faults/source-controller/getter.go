package getter

import (
	"os"
	"slices"
	"strings"
)

func fault(id string) bool {
	return slices.Contains(strings.Split(os.Getenv("FLUX_TENANCY_FAULT"), ","), id)
}
