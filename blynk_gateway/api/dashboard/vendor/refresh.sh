#!/usr/bin/env bash
# Brings the libraries here anew from npm. The versions are those below: change one, run this, and
# commit what it made. Needs node and npm; nobody needs it to install or run the gateway.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
versions=(lit@3.3.3 uplot@1.6.32 gridstack@14.1.0)
bundler=esbuild@0.28.2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' >package.json
npm install --no-audit --no-fund --loglevel=error "${versions[@]}" "$bundler" >/dev/null

bundle() {
    npx esbuild "$1" --bundle --format=esm --minify --legal-comments=none --log-level=warning \
        --outfile="$here/$2"
}
cp "$here/lit.entry.js" .
bundle lit.entry.js lit.js
bundle node_modules/uplot/dist/uPlot.esm.js uplot.js
bundle node_modules/gridstack/dist/gridstack.js gridstack.js
cp node_modules/uplot/dist/uPlot.min.css "$here/uplot.css"
cp node_modules/gridstack/dist/gridstack.min.css "$here/gridstack.css"

{
    echo "The files in this directory are made by refresh.sh of these packages from npm."
    for name in lit uplot gridstack; do
        version=$(node -p "require('./node_modules/$name/package.json').version")
        printf '\n%s\n%s %s\n%s\n\n' "$(printf '=%.0s' {1..72})" "$name" "$version" "$(printf '=%.0s' {1..72})"
        cat "node_modules/$name/LICENSE"
    done
} >"$here/LICENSES.txt"
echo "Refreshed ${versions[*]}"
