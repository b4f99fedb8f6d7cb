#!/usr/bin/env bash
# Starts Jaeger, Prometheus, Grafana, the OpenTelemetry Collector and the gateway, and waits until they are healthy.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/stack.sh"

SERVICES=(jaeger otel-collector prometheus grafana gateway exact-model)
ALERTMANAGER_TARGET="$STACK_DIR/prometheus/targets/alertmanager/alertmanager.yml"

usage() {
  cat <<TEXT
Usage: docker/start-monitoring.sh [--alertmanager] | --status | --down | --help

  (no option)      create .env and secrets if they are missing, start everything, wait until it is healthy, print the
                   addresses; doing it again changes nothing
  --alertmanager   with Alertmanager on port 9093
  --status         state of every service; exit code 0 only if all are healthy
  --down           stop everything; data stays (see manage-data.sh)
  --help           this text

Settings stand in docker/.env (created from docker/.env.example). WAIT_SECONDS (180): longest wait for health.
Without Docker: npm start
TEXT
}

random_hex() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# The folder keeps other users out; the files stay readable for the users inside the containers.
create_secret() {
  local file="$STACK_DIR/secrets/$1"
  [ -s "$file" ] && return 0
  mkdir -p "$STACK_DIR/secrets"
  chmod 700 "$STACK_DIR/secrets"
  printf '%s%s\n' "$2" "$(random_hex)" >"$file"
  chmod 644 "$file"
  say "Created docker/secrets/$1"
}

create_files() {
  if [ ! -f "$ENV_FILE" ]; then
    cp "$STACK_DIR/.env.example" "$ENV_FILE"
    say "Created docker/.env from .env.example"
  fi
  create_secret gateway_token nxm_gw_
  create_secret grafana_secret_key ""
}

port_taken() { (exec 9<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Whether a container of this stack publishes the port: then it is ours.
port_is_ours() {
  docker ps --filter "label=com.docker.compose.project=$PROJECT" --format '{{.Ports}}' 2>/dev/null |
    grep -q ":$1->"
}

port_owner() {
  local owner
  owner="$(docker ps --filter "publish=$1" --format '{{.Names}}' 2>/dev/null | head -n 1)"
  if [ -n "$owner" ]; then
    printf 'the container %s' "$owner"
    return 0
  fi
  if command -v ss >/dev/null 2>&1; then
    owner="$(ss -ltnpH "sport = :$1" 2>/dev/null | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1 (pid \2)/p' | head -n 1)"
  fi
  if [ -z "$owner" ] && command -v lsof >/dev/null 2>&1; then
    owner="$(lsof -nP -iTCP:"$1" -sTCP:LISTEN 2>/dev/null | awk 'NR == 2 { print $1 " (pid " $2 ")" }')"
  fi
  printf '%s' "${owner:-another program}"
}

# check_ports "VARIABLE DEFAULT" ...: every taken port in one message.
check_ports() {
  local entry name default port owner taken=0
  for entry in "$@"; do
    read -r name default <<<"$entry"
    port="$(setting "$name" "$default")"
    if port_taken "$port" && ! port_is_ours "$port"; then
      owner="$(port_owner "$port")"
      complain "Port $port is taken by $owner."
      case "$owner" in node*) complain "  If that is npm start: end it with Ctrl-C in its terminal." ;; esac
      complain "  Stop it, or set another $name in docker/.env"
      taken=1
    fi
  done
  [ "$taken" -eq 0 ] || exit "$EXIT_PORT"
}

print_addresses() {
  local gateway
  gateway="http://localhost:$(setting GATEWAY_PORT 8000)"
  cat <<TEXT

  Grafana     http://localhost:$(setting GRAFANA_PORT 3005)   sign in: admin / admin, then change or skip
              dashboards in the folder LLM (English, 中文)
  Jaeger      http://localhost:$(setting JAEGER_PORT 16686)
  Prometheus  http://localhost:$(setting PROMETHEUS_PORT 9090)
  Gateway     $gateway/v1   metrics: $gateway/metrics
              send the header x-nexent-token with the content of docker/secrets/gateway_token
  Traces      OTLP http://localhost:$(setting OTLP_HTTP_PORT 4318) (gRPC: $(setting OTLP_GRPC_PORT 4317)), Jaeger thrift http://localhost:$(setting JAEGER_THRIFT_PORT 14268)/api/traces

  A first request, without a provider key:
    curl -N $gateway/exact/v1/chat/completions -H "x-nexent-token: \$(cat $STACK_DIR/secrets/gateway_token)" \\
      -H 'content-type: application/json' -d '{"model":"exact","stream":true,"messages":[{"role":"user","content":"Hello"}]}'

  Stop: docker/start-monitoring.sh --down    Data: docker/manage-data.sh --help
TEXT
}

start() {
  local profile=()
  require_docker
  require_compose
  create_files
  check_ports "GATEWAY_PORT 8000" "GRAFANA_PORT 3005" "JAEGER_PORT 16686" "PROMETHEUS_PORT 9090" \
    "JAEGER_THRIFT_PORT 14268" "OTLP_GRPC_PORT 4317" "OTLP_HTTP_PORT 4318" "COLLECTOR_HEALTH_PORT 13133"
  if [ "$1" = alertmanager ]; then
    check_ports "ALERTMANAGER_PORT 9093"
    profile=(--profile alertmanager)
    SERVICES+=(alertmanager)
    printf -- '- targets: ["alertmanager:9093"]\n' >"$ALERTMANAGER_TARGET"
    chmod 644 "$ALERTMANAGER_TARGET"
  fi
  say "Starting with ${COMPOSE[*]} (the first time builds our images and pulls the others) ..."
  compose ${profile[@]+"${profile[@]}"} up -d --build
  wait_healthy "${SERVICES[@]}" || exit 1
  print_addresses
}

status() {
  local service state bad=0
  require_docker
  require_compose
  [ ! -f "$ALERTMANAGER_TARGET" ] || SERVICES+=(alertmanager)
  for service in "${SERVICES[@]}"; do
    state="$(state_of "$service")"
    if is_healthy "$service"; then
      printf '  %-16s healthy\n' "$service"
    else
      case "$state" in healthy | running) state="$state, but its port does not answer" ;; esac
      printf '  %-16s %s\n' "$service" "$state"
      bad=1
    fi
  done
  [ "$bad" -eq 0 ] || complain "Not everything is healthy: docker/start-monitoring.sh starts what is missing."
  exit "$bad"
}

down() {
  require_docker
  require_compose
  compose --profile alertmanager down
  rm -f "$ALERTMANAGER_TARGET"
  say "Stopped. Metrics and Grafana's settings are kept; traces were in memory."
}

if [ "$#" -gt 1 ]; then
  usage >&2
  exit "$EXIT_USAGE"
fi
case "${1:-}" in
  "") start plain ;;
  --alertmanager) start alertmanager ;;
  --status) status ;;
  --down) down ;;
  --help | -h) usage ;;
  *)
    complain "Unknown option: $1"
    usage >&2
    exit "$EXIT_USAGE"
    ;;
esac
