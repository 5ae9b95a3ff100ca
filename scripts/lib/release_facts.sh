# shellcheck shell=bash disable=SC2034 # for those who source this
# release_facts.sh: what all of a release shares: its names, places, version, time, and form of archives.  For what sources
# setup.sh first.

# Where the project is, and its releases can be downloaded: the one place that says so.  DR_PROJECT_URL: for a fork.
project_url=${DR_PROJECT_URL:-https://github.com/agenttrader/agenttrader-dr}
release_url() { echo "$project_url/releases/download/$1"; } # VERSION

release_plugins=(lkg drbackup arsnap)
all_platforms=(linux/amd64 linux/arm64 darwin/amd64 darwin/arm64)

is_version() { [[ $1 =~ ^v(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$ ]]; }
project_version() { sed -n 's/^project(agenttrader-dr VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt; }

# The one time that everything in a release bears: of the commit, so that the same commit gives the same bytes.
release_time() {
  if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then
    echo "$SOURCE_DATE_EPOCH"
  else
    git log -1 --format=%ct 2>/dev/null ||
      give_up "no time for the release: this is no git repository" "Set SOURCE_DATE_EPOCH to a number of seconds."
  fi
}

# An archive of all that is in a folder, whose bytes depend on names, modes and content only.
reproducible_tar() { # FOLDER TIME > ARCHIVE
  find "$1" -mindepth 1 -maxdepth 1 -printf '%P\0' | LC_ALL=C sort -z |
    LC_ALL=C tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$2" --format=ustar --hard-dereference \
      --directory="$1" --null --verbatim-files-from --files-from=- | gzip --no-name
}

archive_name() { echo "kubectl-$1_$2_${3/\//_}.tar.gz"; } # PLUGIN VERSION PLATFORM
