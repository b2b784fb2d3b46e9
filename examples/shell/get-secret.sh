#!/bin/sh
# Read one secret from the sidecar: `sh get-secret.sh database-password` (curl 7.84 or later, jq).
set -eu

# A secret's current value. Where the vault is busy, try twice more, when it says so.
get_secret() {
    for tries_left in 2 1 0; do
        # Without a proxy, whatever http_proxy says: no secret should travel by way of one.
        answer=$(curl --silent --show-error --noproxy '*' --globoff --max-time 10 \
            --write-out '\n%{http_code} %header{retry-after}' \
            "${SECRETS_URL:-http://localhost:8080}/v1/secrets/$1")
        body=$(printf '%s' "$answer" | sed '$d')
        set -- "$1" $(printf '%s' "$answer" | sed -n '$p')
        case $2 in
        429 | 503) [ "$tries_left" = 0 ] || { sleep "${3:-1}"; continue; } ;;
        esac
        case $2 in
        200) printf '%s' "$body" | jq -r .value; return ;;
        403) printf 'denied: ' >&2 ;;
        404) printf 'not found: ' >&2 ;;
        *) printf 'HTTP %s: ' "$2" >&2 ;;
        esac
        printf '%s' "$body" | jq -r .detail >&2
        return 1
    done
}

get_secret "$1" # only an example prints a secret
