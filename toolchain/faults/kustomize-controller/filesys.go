package filesys

import (
	"os"
	"slices"
	"strings"
)

// Fault says whether the environment asks for this fault.
func Fault(id string) bool {
	return slices.Contains(strings.Split(os.Getenv("FLUX_TENANCY_FAULT"), ","), id)
}
