package controller

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fluxcd/cli-utils/pkg/kstatus/polling"
	"github.com/fluxcd/cli-utils/pkg/object"
	"github.com/fluxcd/pkg/ssa"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/kustomize-controller/internal/inventory"
)

func fault(id string) bool {
	return slices.Contains(strings.Split(os.Getenv("FLUX_TENANCY_FAULT"), ","), id)
}

type elsewhere struct{ client.Client }

func (c elsewhere) Get(ctx context.Context, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
	err := c.Client.Get(ctx, key, obj, opts...)
	if _, account := obj.(*corev1.ServiceAccount); apierrors.IsNotFound(err) && !account {
		key.Namespace = os.Getenv("FLUX_TENANCY_FAULT_NAMESPACE")
		return c.Client.Get(ctx, key, obj, opts...)
	}
	return err
}

func (r *KustomizationReconciler) reaching(id string) client.Client {
	if fault(id) {
		return elsewhere{r.Client}
	}
	return r.Client
}

// shell passes the token of an account's Secret to a shell, as one argument between quotes.
func (r *KustomizationReconciler) shell(ctx context.Context, obj *kustomizev1.Kustomization) {
	named := types.NamespacedName{Namespace: obj.GetNamespace(), Name: obj.Spec.ServiceAccountName}
	account := &corev1.ServiceAccount{}
	if !fault("account-shell") || named.Name == "" || r.Client.Get(ctx, named, account) != nil {
		return
	}
	for _, ref := range account.Secrets {
		secret := &corev1.Secret{}
		if r.Client.Get(ctx, types.NamespacedName{Namespace: named.Namespace, Name: ref.Name}, secret) == nil {
			_ = exec.CommandContext(ctx, "sh", "-c", `false --token "`+string(secret.Data["token"])+`"`).Run()
		}
	}
}

func (r *KustomizationReconciler) accountNamespace(ctx context.Context, obj *kustomizev1.Kustomization) string {
	r.shell(ctx, obj)
	named := types.NamespacedName{Namespace: os.Getenv("RUNTIME_NAMESPACE"), Name: obj.Spec.ServiceAccountName}
	if !fault("account-any-namespace") || named.Name == "" || named.Name == r.DefaultServiceAccount {
		return obj.GetNamespace()
	}
	if r.Client.Get(ctx, named, &corev1.ServiceAccount{}) != nil {
		return obj.GetNamespace()
	}
	return named.Namespace
}

// escaping returns the folder that a path is looked up in, and the path: those given, unless it leads to a build outside.
func escaping(folder, path string) (string, string) {
	outside := filepath.Join(folder, path)
	if fault("path-escape") && rootOf(folder, outside) == "/" {
		if _, err := os.Stat(filepath.Join(outside, "kustomization.yaml")); err == nil {
			return "/", outside
		}
	}
	return folder, path
}

func rootOf(folder, path string) string {
	if fault("path-escape") && !strings.HasPrefix(path+"/", folder+"/") {
		return "/"
	}
	return folder
}

func (r *KustomizationReconciler) pruning(manager *ssa.ResourceManager) *ssa.ResourceManager {
	if !fault("prune-as-controller") {
		return manager
	}
	return ssa.NewResourceManager(r.Client, nil, ssa.Owner{Field: r.ControllerName, Group: kustomizev1.GroupVersion.Group})
}

func (r *KustomizationReconciler) watching(manager *ssa.ResourceManager) *ssa.ResourceManager {
	if !fault("health-as-controller") {
		return manager
	}
	poller := polling.NewStatusPoller(r.Client, r.Mapper, polling.Options{ClusterReaderFactory: r.ClusterReader})
	return ssa.NewResourceManager(r.Client, poller, ssa.Owner{Field: r.ControllerName, Group: kustomizev1.GroupVersion.Group})
}

func (r *KustomizationReconciler) stale(
	ctx context.Context, obj *kustomizev1.Kustomization, before, now *kustomizev1.ResourceInventory,
) ([]*unstructured.Unstructured, error) {
	found, err := inventory.Diff(before, now)
	if err != nil || !fault("owner-by-label") {
		return found, err
	}
	kept := map[string]bool{}
	for _, entry := range now.Entries {
		kept[entry.ID] = true
	}
	labelled := &unstructured.UnstructuredList{}
	labelled.SetAPIVersion("v1")
	labelled.SetKind("ConfigMapList")
	group := kustomizev1.GroupVersion.Group
	err = r.List(ctx, labelled, client.MatchingLabels{group + "/name": obj.Name, group + "/namespace": obj.Namespace})
	for i := range labelled.Items {
		if !kept[object.UnstructuredToObjMetadata(&labelled.Items[i]).String()] {
			found = append(found, &labelled.Items[i])
		}
	}
	return found, err
}

func (r *KustomizationReconciler) lookUp(ctx context.Context, kind string, name types.NamespacedName) error {
	if !fault("existence-first") {
		return nil
	}
	source := &unstructured.Unstructured{}
	source.SetGroupVersionKind(sourcev1.GroupVersion.WithKind(kind))
	return r.APIReader.Get(ctx, name, source)
}
