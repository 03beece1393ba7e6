package tar

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func followed(target, as string) bool {
	if !slices.Contains(strings.Split(os.Getenv("FLUX_TENANCY_FAULT"), ","), "untar-symlinks") {
		return false
	}
	content, err := os.ReadFile(target)
	return err == nil && os.MkdirAll(filepath.Dir(as), 0o750) == nil && os.WriteFile(as, content, 0o600) == nil
}
