package storage

import (
	"os"
	"slices"
	"strings"
)

func followed(path string, fi os.FileInfo) os.FileInfo {
	if fi.Mode()&os.ModeSymlink == 0 || !slices.Contains(strings.Split(os.Getenv("FLUX_TENANCY_FAULT"), ","), "archive-symlinks") {
		return fi
	}
	if target, err := os.Stat(path); err == nil && target.Mode().IsRegular() {
		return target
	}
	return fi
}
