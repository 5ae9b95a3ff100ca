#!/bin/sh
# mutate.sh PATCH-PROGRAM PATCH SOURCE-FOLDER FOLDER FILE...: copies of the files in FOLDER, patched.
set -eu
program=$1 patch=$2 source=$3 folder=$4
shift 4
rm -rf "$folder"
for file in "$@"; do
  mkdir -p "$folder/$(dirname "$file")"
  cp "$source/$file" "$folder/$file"
done
"$program" --directory="$folder" --strip=1 --fuzz=0 --silent --no-backup-if-mismatch --input="$patch" || {
  echo "$patch no longer applies: make the same mistake in the sources as they are now, and diff them" >&2
  rm -rf "$folder"
  exit 1
}
