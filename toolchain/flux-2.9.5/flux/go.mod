// Download only: pins the Flux CLI's own module and the module that carries the install manifests which the CLI embeds.
module toolchain/flux

go 1.26.0

require (
	github.com/controlplaneio-fluxcd/flux-operator v0.59.0
	github.com/fluxcd/flux2/v2 v2.9.5
)
