#!/usr/bin/env bash
# Installs the Debian packages that the build and the local clusters need.
# hack/README.md says what each is for. hack/local can install those it needs by itself.
set -o errexit -o nounset -o pipefail

readonly packages=(
  # to build
  ca-certificates gcc git libc6-dev make
  # nodes: containers and their network
  busybox-static containerd containernetworking-plugins runc
  conntrack iproute2 iptables nftables procps
  # build hosts
  openssh-client openssh-server
)

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Abbrev}' "${package}" 2>/dev/null || true)
  [[ "${status}" == ii* ]] || missing+=("${package}")
done
if [[ ${#missing[@]} -eq 0 ]]; then
  echo "all ${#packages[@]} Debian packages are installed"
  exit 0
fi

if [[ "$(id -u)" -ne 0 ]]; then
  echo "run as root to install: ${missing[*]}" >&2
  exit 1
fi

# No service of a package is started: the local clusters run their own containerd and
# sshd. A policy that is already there is left alone.
readonly policy=/usr/sbin/policy-rc.d
if [[ ! -e "${policy}" ]]; then
  printf '#!/bin/sh\nexit 101\n' >"${policy}"
  chmod +x "${policy}"
  trap 'rm -f "${policy}"' EXIT
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install --yes --no-install-recommends "${missing[@]}"
