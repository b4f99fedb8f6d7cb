# Shared by start-monitoring.sh and manage-data.sh: sourced, never run. Works with bash 3.2.
# shellcheck shell=bash

PROJECT=nexent-monitor
STACK_DIR="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
COMPOSE_FILE_PATH="$STACK_DIR/docker-compose-monitoring.yml"
ENV_FILE="$STACK_DIR/.env"
# Exit codes as in the product's error table: 64 usage, 69 something needed is not there, 75 a port is taken.
# shellcheck disable=SC2034 # read by the scripts that source this file
EXIT_USAGE=64
EXIT_UNAVAILABLE=69
# shellcheck disable=SC2034
EXIT_PORT=75

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

# fail CODE MESSAGE [REMEDY ...]
fail() {
  local code="$1" message="$2" line
  shift 2
  complain "$message"
  for line in "$@"; do complain "  $line"; done
  exit "$code"
}

without_docker() {
  printf '%s' "No Docker at hand? npm start (in the repository) runs gateway, server and dashboard without it."
}

require_docker() {
  local problem
  if ! command -v docker >/dev/null 2>&1; then
    fail "$EXIT_UNAVAILABLE" "Docker is not installed." \
      "Install it from https://docs.docker.com/get-docker/ and run this again." "$(without_docker)"
  fi
  if problem="$(docker info 2>&1 >/dev/null)"; then return 0; fi
  case "$problem" in
    *"permission denied"*)
      fail "$EXIT_UNAVAILABLE" "You may not use the Docker engine." \
        "Add yourself to the group docker: sudo usermod -aG docker \"\$USER\", then sign in again." "$(without_docker)"
      ;;
    *)
      fail "$EXIT_UNAVAILABLE" "The Docker engine does not answer." \
        "Start Docker Desktop, or: sudo systemctl start docker" "$(without_docker)"
      ;;
  esac
}

COMPOSE=()

# Compose v2 is a plugin of docker, v1 a program of its own.
require_compose() {
  local version
  if docker compose version >/dev/null 2>&1; then
    COMPOSE=(docker compose)
  elif command -v docker-compose >/dev/null 2>&1; then
    version="$(docker-compose version --short 2>/dev/null || true)"
    case "$version" in
      1.2[89].* | 2.* | v2.* | 5.* | v5.*) COMPOSE=(docker-compose) ;;
      *)
        fail "$EXIT_UNAVAILABLE" "docker-compose ${version:-of an unknown version} is too old: 1.28 is needed." \
          "Install the Compose plugin: https://docs.docker.com/compose/install/" "$(without_docker)"
        ;;
    esac
  else
    fail "$EXIT_UNAVAILABLE" "Docker Compose is not installed." \
      "Install the Compose plugin: https://docs.docker.com/compose/install/" "$(without_docker)"
  fi
}

compose() {
  # The folder of the file is the folder of .env, with both generations of Compose.
  (cd "$STACK_DIR" && "${COMPOSE[@]}" -p "$PROJECT" -f "$COMPOSE_FILE_PATH" "$@")
}

# setting NAME DEFAULT: the environment wins over .env, as in Compose.
setting() {
  local value="${!1:-}"
  if [ -z "$value" ] && [ -f "$ENV_FILE" ]; then
    value="$(sed -n "s/^$1=//p" "$ENV_FILE" | tail -n 1 | tr -d '\r"'"'")"
  fi
  printf '%s' "${value:-$2}"
}

# http_ok PORT PATH: whether an HTTP server on 127.0.0.1 answers 2xx or 3xx. Needs no program.
http_ok() (
  status=""
  exec 9<>"/dev/tcp/127.0.0.1/$1" || exit 1
  printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1:%s\r\n\r\n' "$2" "$1" >&9
  read -r -t 3 _ status _ <&9 || true
  case "$status" in 2?? | 3??) exit 0 ;; *) exit 1 ;; esac
) 2>/dev/null

# state_of SERVICE: healthy, starting, unhealthy, running (no health check in the image), exited, ... or absent.
state_of() {
  local id
  id="$(compose ps -q "$1" 2>/dev/null | head -n 1)"
  if [ -z "$id" ]; then
    printf 'absent'
    return 0
  fi
  docker inspect -f '{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}' "$id" 2>/dev/null ||
    printf 'absent'
}

# address_of SERVICE: "port path" of what must answer on this machine before the service counts as healthy.
address_of() {
  case "$1" in
    gateway) printf '%s /readyz' "$(setting GATEWAY_PORT 8000)" ;;
    grafana) printf '%s /api/health' "$(setting GRAFANA_PORT 3005)" ;;
    jaeger) printf '%s /' "$(setting JAEGER_PORT 16686)" ;;
    prometheus) printf '%s /-/ready' "$(setting PROMETHEUS_PORT 9090)" ;;
    otel-collector) printf '%s /' "$(setting COLLECTOR_HEALTH_PORT 13133)" ;;
    alertmanager) printf '%s /-/ready' "$(setting ALERTMANAGER_PORT 9093)" ;;
  esac
}

# is_healthy SERVICE: its container says so, and its address answers from here.
is_healthy() {
  local state port path
  state="$(state_of "$1")"
  [ "$state" = healthy ] || [ "$state" = running ] || return 1
  read -r port path <<<"$(address_of "$1")"
  [ -z "$port" ] || http_ok "$port" "$path"
}

# wait_healthy SERVICE ...: prints each as it comes up; says what is wrong and shows its log when it does not.
wait_healthy() {
  local limit="${WAIT_SECONDS:-180}" service state started=$SECONDS
  for service in "$@"; do
    until is_healthy "$service"; do
      state="$(state_of "$service")"
      if [ "$state" = exited ] || [ "$state" = dead ] || [ "$state" = unhealthy ] ||
        [ $((SECONDS - started)) -ge "$limit" ]; then
        complain "$service is not healthy (${state}). Its last lines:"
        compose logs --tail 20 "$service" >&2 || true
        complain "  All of it: docker logs \$(docker ps -aqf name=$PROJECT.$service)"
        return 1
      fi
      sleep 1
    done
    say "  healthy  $service"
  done
}
