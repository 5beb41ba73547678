#!/usr/bin/env bash
# Fails when generated code is not what hack/update-codegen.sh makes of the types, or when
# a Go file is not formatted. Works on a copy: the tree stays as it is, committed or not.
set -o errexit -o nounset -o pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

copy=$(mktemp -d)
trap 'rm -rf "${copy}"' EXIT

# What the generators read and write.
readonly generated=(pkg/apis pkg/client config)
mkdir -p "${copy}/hack" "${copy}/pkg"
cp go.mod go.sum "${copy}/"
cp -r hack/boilerplate hack/update-codegen.sh "${copy}/hack/"
for folder in "${generated[@]}"; do
  cp -r "${folder}" "${copy}/${folder}"
done

"${copy}/hack/update-codegen.sh"

failed=
for folder in "${generated[@]}"; do
  diff -ruN "${folder}" "${copy}/${folder}" || failed=1
done
if [[ -n "${failed}" ]]; then
  echo "generated code is out of date: run make codegen" >&2
fi

unformatted=$(gofmt -l cmd hack pkg test)
if [[ -n "${unformatted}" ]]; then
  printf 'not formatted, run gofmt -w on:\n%s\n' "${unformatted}" >&2
  failed=1
fi

[[ -z "${failed}" ]]
