package kustomize

import (
	"sigs.k8s.io/kustomize/api/krusty"
	kustypes "sigs.k8s.io/kustomize/api/types"

	securefs "github.com/fluxcd/pkg/kustomize/filesys"
)

func withFaultyPlugins(options *krusty.Options) *krusty.Options {
	if securefs.Fault("helm-charts") {
		options.PluginConfig.HelmConfig = kustypes.HelmConfig{Enabled: true, Command: "helm"}
	}
	if securefs.Fault("exec-plugins") {
		options.PluginConfig.PluginRestrictions = kustypes.PluginRestrictionsNone
		options.PluginConfig.FnpLoadingOptions.EnableExec = true
	}
	return options
}
