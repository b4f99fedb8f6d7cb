#!/usr/bin/env bash
# Deletes or renews what the Docker stack keeps: traces in Jaeger, metrics in Prometheus, settings in Grafana.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/stack.sh"

usage() {
  cat <<TEXT
Usage: docker/manage-data.sh <what> <verb> [--yes]

  jaeger restart       restart Jaeger; its traces are in memory and are gone afterwards
  jaeger rebuild       remove Jaeger's container and make a new one from a freshly pulled image
  jaeger clear         delete all traces and check that the old container is gone
  prometheus restart   restart Prometheus; metrics stay, rules and settings are read again
  prometheus clear     delete all metrics
  grafana reset        delete users, passwords and own dashboards; sign in with admin / admin again
  all clear            jaeger clear, prometheus clear, grafana reset

Each asks before it does anything; --yes answers for you. The embedded server of npm start has its
own: nexent-monitor data clear, data reset, data purge and others; restarting it is Ctrl-C and npm start.
TEXT
}

# confirm WHAT: nothing happens without a yes.
confirm() {
  local answer=""
  say "$1"
  [ "$YES" = 1 ] && return 0
  printf 'Type yes to go on: '
  read -r answer || true
  [ "$answer" = yes ] && return 0
  say "Nothing was changed."
  exit 1
}

restart() {
  compose restart "$1" && wait_healthy "$1"
}

# renew SERVICE VOLUME: a new container on an empty volume. The service comes back even if deleting fails.
renew() {
  local service="$1" volume="$2" failed=0
  compose rm -s -f "$service" || return 1
  if docker volume inspect "$volume" >/dev/null 2>&1; then
    docker volume rm "$volume" >/dev/null || failed=1
  fi
  compose up -d --no-deps "$service" && wait_healthy "$service" || return 1
  if [ "$failed" = 1 ]; then
    complain "The volume $volume could not be deleted, so its data is still there."
    complain "  Does another container use it? docker ps -a --filter volume=$volume"
    return 1
  fi
}

# Jaeger keeps traces in its memory: another container has none.
recreate_jaeger() {
  local before after
  before="$(compose ps -q jaeger)"
  compose up -d --no-deps --force-recreate jaeger && wait_healthy jaeger || return 1
  after="$(compose ps -q jaeger)"
  if [ "$before" = "$after" ]; then
    complain "Jaeger still runs in the same container, so its traces are still there."
    return 1
  fi
}

jaeger_rebuild() {
  compose pull jaeger && recreate_jaeger
}

jaeger_clear() {
  recreate_jaeger && say "Deleted: all traces. Applications that run send new ones."
}

prometheus_clear() {
  renew prometheus "$PROJECT-prometheus-data" && say "Deleted: all metrics."
}

grafana_reset() {
  renew grafana "$PROJECT-grafana-data" && say "Grafana is as new: admin / admin, then change or skip."
}

WHAT=""
VERB=""
YES=0
for argument in "$@"; do
  case "$argument" in
    --yes | -y) YES=1 ;;
    --help | -h)
      usage
      exit 0
      ;;
    *)
      if [ -z "$WHAT" ]; then
        WHAT="$argument"
      elif [ -z "$VERB" ]; then
        VERB="$argument"
      else
        fail "$EXIT_USAGE" "Too many arguments: $argument" "docker/manage-data.sh --help lists what there is."
      fi
      ;;
  esac
done

case "$WHAT $VERB" in
  "jaeger restart") QUESTION="Jaeger restarts; all traces in it are deleted." ;;
  "jaeger rebuild") QUESTION="Jaeger's container is made anew from a freshly pulled image; all traces are deleted." ;;
  "jaeger clear") QUESTION="All traces in Jaeger are deleted." ;;
  "prometheus restart") QUESTION="Prometheus restarts; metrics stay." ;;
  "prometheus clear") QUESTION="All metrics in Prometheus are deleted." ;;
  "grafana reset") QUESTION="Users, passwords and own dashboards in Grafana are deleted." ;;
  "all clear") QUESTION="All traces, all metrics and everything in Grafana are deleted." ;;
  *)
    [ -z "$WHAT" ] || complain "There is no: $WHAT $VERB"
    usage >&2
    exit "$EXIT_USAGE"
    ;;
esac

require_docker
require_compose
confirm "$QUESTION"
case "$WHAT $VERB" in
  "jaeger restart") restart jaeger ;;
  "jaeger rebuild") jaeger_rebuild ;;
  "jaeger clear") jaeger_clear ;;
  "prometheus restart") restart prometheus ;;
  "prometheus clear") prometheus_clear ;;
  "grafana reset") grafana_reset ;;
  "all clear")
    FAILED=0
    jaeger_clear || FAILED=1
    prometheus_clear || FAILED=1
    grafana_reset || FAILED=1
    exit "$FAILED"
    ;;
esac
