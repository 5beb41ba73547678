#!/usr/bin/env bash
# Makes all generated code and the CRDs from the types in pkg/apis.
# Needs nothing but the Go modules that go.mod pins.
set -o errexit -o nounset -o pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly module=github.com/corbel-dev/corbel
readonly apis=${module}/pkg/apis/corbel/v1alpha1
readonly client=${module}/pkg/client
readonly header=hack/boilerplate/boilerplate.go.txt

out=$(mktemp -d)
trap 'rm -rf "${out}"' EXIT

go tool deepcopy-gen --go-header-file "${header}" --output-file zz_generated.deepcopy.go ./pkg/apis/corbel/v1alpha1

go tool client-gen --go-header-file "${header}" \
  --clientset-name versioned --input-base "${module}/pkg/apis" --input corbel/v1alpha1 \
  --output-pkg "${client}/clientset" --output-dir "${out}/client/clientset"

go tool lister-gen --go-header-file "${header}" \
  --output-pkg "${client}/listers" --output-dir "${out}/client/listers" "${apis}"

go tool informer-gen --go-header-file "${header}" \
  --versioned-clientset-package "${client}/clientset/versioned" \
  --listers-package "${client}/listers" \
  --output-pkg "${client}/informers" --output-dir "${out}/client/informers" "${apis}"

go tool injection-gen --go-header-file "${header}" \
  --input-dirs "${apis}" \
  --versioned-clientset-package "${client}/clientset/versioned" \
  --external-versions-informers-package "${client}/informers/externalversions" \
  --listers-package "${client}/listers" \
  --output-package "${client}/injection" --output-dir "${out}/client/injection"

rm -rf pkg/client
mkdir -p pkg/client
mv "${out}"/client/* pkg/client/

go tool controller-gen crd:headerFile=hack/boilerplate/boilerplate.yaml.txt paths=./pkg/apis/... output:crd:dir="${out}/crds"
rm -f config/300-crd-*.yaml
for crd in "${out}"/crds/corbel.dev_*.yaml; do
  mv "${crd}" "config/300-crd-${crd##*/corbel.dev_}"
done
