# Sourced by scripts that set a machine up. Every change to the machine is announced and, unless agreed to, asked for.

# packages needed to build the product
BUILD_PACKAGES=(libssl-dev libtss2-dev libcurl4-openssl-dev)

agreed=no # yes after --yes, in CI, or for root

say() { printf '%s\n' "$*"; }
die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

need_swift() {
  command -v swift >/dev/null || die "no swift on PATH: install a Swift 6.2 or later toolchain from swift.org first"
}

# install_packages PACKAGE... : installs those that are missing with apt
install_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || die "needs ${missing[*]}, and this system has no apt-get to install them with"
  say "Installing ${missing[*]} with apt-get."
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo)
    if [ "$agreed" != yes ]; then
      [ -t 0 ] || die "run it with --yes, or install them yourself: apt-get install ${missing[*]}"
      read -r -p "Run apt-get as root for this? [y/N] " answer
      [ "$answer" = y ] || [ "$answer" = yes ] || die "not installed; nothing was changed"
    fi
  fi
  "${as_root[@]}" apt-get update -q >/dev/null || say "(apt-get update failed; trying with the lists there are)"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    "${missing[@]}" >/dev/null || die "apt-get could not install ${missing[*]}"
}

# python_environment FOLDER REQUIREMENTS : a private Python environment with exactly those packages
python_environment() {
  local folder=$1 requirements=$2
  cmp -s "$requirements" "$folder/installed.txt" && return
  say "Installing $(grep -v '^#' "$requirements" | head -n 1 | cut -d= -f1) and what goes with it in $folder with pip."
  rm -rf "$folder"
  python3 -m venv "$folder" || die "python3 cannot make a virtual environment in $folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements" ||
    die "pip could not install $requirements"
  cp "$requirements" "$folder/installed.txt"
}
