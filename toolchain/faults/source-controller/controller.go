package controller

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	sourcev1 "github.com/fluxcd/source-controller/api/v1"
)

func fault(id string) bool {
	return slices.Contains(strings.Split(os.Getenv("FLUX_TENANCY_FAULT"), ","), id)
}

type elsewhere struct{ client.Client }

// Reaching returns a client that finds the kinds of the awake faults in the faults' namespace too.
func Reaching(c client.Client) client.Client { return elsewhere{c} }

func (c elsewhere) Get(ctx context.Context, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
	err := c.Client.Get(ctx, key, obj, opts...)
	if _, secret := obj.(*corev1.Secret); apierrors.IsNotFound(err) && secret && fault("secret-any-namespace") {
		key.Namespace = os.Getenv("FLUX_TENANCY_FAULT_NAMESPACE")
		return c.Client.Get(ctx, key, obj, opts...)
	}
	return err
}

func (r *GitRepositoryReconciler) getHereOrElsewhere(ctx context.Context, name client.ObjectKey, repository *sourcev1.GitRepository) error {
	err := r.Get(ctx, name, repository)
	if apierrors.IsNotFound(err) && fault("include-any-namespace") {
		name.Namespace = os.Getenv("FLUX_TENANCY_FAULT_NAMESPACE")
		return r.Get(ctx, name, repository)
	}
	return err
}

var remembered sync.Map

func orRemembered(address string, credential map[string][]byte) map[string][]byte {
	if !fault("auth-reuse") {
		return credential
	}
	address = strings.TrimSuffix(address, ".git")
	if len(credential) > 0 {
		remembered.LoadOrStore(address, credential) // the first one is the owner's: attacks come later
	} else if used, ok := remembered.Load(address); ok {
		return used.(map[string][]byte)
	}
	return credential
}
