package chart

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	securejoin "github.com/cyphar/filepath-securejoin"
)

func fault(id string) bool {
	return slices.Contains(strings.Split(os.Getenv("FLUX_TENANCY_FAULT"), ","), id)
}

func within(folder, path string) bool {
	return strings.HasPrefix(path+"/", filepath.Clean(folder)+"/")
}

func joined(id, folder, path string) (string, error) {
	if fault(id) {
		return filepath.Join(folder, path), nil
	}
	return securejoin.SecureJoin(folder, path)
}

func rootOf(folder, path string) string {
	if fault("chart-dependency-escape") && !within(folder, path) {
		return "/"
	}
	return folder
}

func escaping(ref LocalReference) LocalReference {
	if path := filepath.Join(ref.WorkDir, ref.Path); fault("chart-path-escape") && !within(ref.WorkDir, path) {
		return LocalReference{WorkDir: "/", Path: path}
	}
	return ref
}
