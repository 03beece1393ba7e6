package server

import (
	"context"
	"os"
	"slices"
	"strings"
)

func fault(id string) bool {
	return slices.Contains(strings.Split(os.Getenv("FLUX_TENANCY_FAULT"), ","), id)
}

func gcrAuthentication() func(context.Context, string, string, string) error {
	if fault("gcr-any-token") {
		return func(context.Context, string, string, string) error { return nil }
	}
	return authenticateGCRRequest
}
