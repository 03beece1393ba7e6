package controller

import (
	"context"
	"os"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	"github.com/fluxcd/helm-controller/internal/kube"
)

func fault(id string) bool {
	return slices.Contains(strings.Split(os.Getenv("FLUX_TENANCY_FAULT"), ","), id)
}

type elsewhere struct{ client.Client }

func (c elsewhere) Get(ctx context.Context, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
	err := c.Client.Get(ctx, key, obj, opts...)
	if apierrors.IsNotFound(err) && fault("values-any-namespace") {
		key.Namespace = os.Getenv("FLUX_TENANCY_FAULT_NAMESPACE")
		return c.Client.Get(ctx, key, obj, opts...)
	}
	return err
}

func impersonated(obj *v2.HelmRelease) kube.Option {
	if fault("uninstall-as-controller") && !obj.DeletionTimestamp.IsZero() {
		return func(*kube.MemoryRESTClientGetter) {}
	}
	return kube.WithImpersonate(obj.Spec.ServiceAccountName, obj.GetNamespace())
}
