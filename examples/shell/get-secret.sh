#!/bin/sh
# Read one secret from the sidecar: `sh get-secret.sh database-password` (curl 7.84 or later, jq).
set -eu

# Print a secret's current value. While the vault is busy, try twice more, after the time it asks for.
get_secret() {
    base=${SECRETS_URL:-http://localhost:8080}
    for tries_left in 2 1 0; do
        # Without a proxy, whatever http_proxy says: a secret must not pass through one.
        answer=$(curl --silent --show-error --noproxy '*' --globoff --max-time 10 \
            --write-out '\n%{http_code} %header{retry-after}' "$base/v1/secrets/$1" 2>&1) || {
            printf 'no answer from %s: %s\n' "$base" "$(printf '%s' "$answer" | grep '^curl:')" >&2
            return 1
        }
        body=$(printf '%s' "$answer" | sed '$d')
        set -- "$1" $(printf '%s' "$answer" | sed -n '$p')
        case $2 in
        429 | 503) [ "$tries_left" = 0 ] || { sleep "${3:-1}"; continue; } ;;
        200) printf '%s' "$body" | jq -er .value 2>/dev/null && return ;;
        esac
        detail=$(printf '%s' "$body" | jq -er .detail 2>/dev/null) || {
            printf 'HTTP %s from %s: not an answer of the sidecar\n' "$2" "$base/v1/secrets/$1" >&2
            return 1
        }
        case $2 in
        403) printf 'denied: %s\n' "$detail" >&2 ;;
        404) printf 'not found: %s\n' "$detail" >&2 ;;
        *) printf 'HTTP %s: %s\n' "$2" "$detail" >&2 ;;
        esac
        return 1
    done
}

[ $# = 1 ] || { echo "usage: get-secret.sh NAME" >&2; exit 2; }
get_secret "$1" # only an example prints a secret
