#!/usr/bin/env bash
# A docker (and docker-compose) without an engine: writes down what it is asked and answers from files in $FAKE_DOCKER.
set -u
printf '%s %s\n' "$(basename "$0")" "$*" >>"$FAKE_DOCKER/log"

answer() { cat "$FAKE_DOCKER/$1" 2>/dev/null || true; }
fails() {
  [ -e "$FAKE_DOCKER/$1.fails" ] || return 0
  cat "$FAKE_DOCKER/$1.fails" >&2
  exit 1
}

compose() {
  while [ "$#" -gt 0 ]; do
    case "$1" in
      version)
        fails version
        answer version
        exit 0
        ;;
      -p | -f | --profile) shift 2 ;;
      *) break ;;
    esac
  done
  case "$1" in
    up)
      fails up
      touch "$FAKE_DOCKER/running"
      case "$*" in *--force-recreate*) [ -e "$FAKE_DOCKER/same-container" ] || printf 'x' >>"$FAKE_DOCKER/generation" ;; esac
      ;;
    down) rm -f "$FAKE_DOCKER/running" ;;
    ps) [ ! -e "$FAKE_DOCKER/running" ] || printf 'id-%s-%s\n' "$3" "$(answer generation)" ;;
    logs) printf '%s says why\n' "${*: -1}" ;;
    *) fails "$1" ;;
  esac
}

# The first line of a file, which is then taken away; the last one stays.
next_line() {
  local file="$FAKE_DOCKER/$1"
  head -n 1 "$file"
  [ "$(wc -l <"$file")" -le 1 ] || { tail -n +2 "$file" >"$file.rest" && mv "$file.rest" "$file"; }
}

if [ "$(basename "$0")" = docker-compose ]; then
  compose "$@"
  exit 0
fi
case "$1" in
  info) fails info ;;
  compose)
    shift
    [ -e "$FAKE_DOCKER/no-plugin" ] && exit 1
    compose "$@"
    ;;
  ps)
    case "$*" in
      *label=*) answer ports ;;
      *publish=*) answer owner ;;
    esac
    ;;
  inspect)
    service="${*: -1}"
    service="${service#id-}"
    service="${service%-*}"
    if [ -e "$FAKE_DOCKER/state-$service" ]; then next_line "state-$service"; else echo healthy; fi
    ;;
  volume) [ "$2" != rm ] || fails volume ;;
esac
