#!/bin/sh
# Any program that speaks HTTP: only the address changes. Prints the stream as it comes.
set -eu

# before: BASE_URL=https://api.openai.com/v1
BASE_URL=${GATEWAY_BASE_URL:-http://127.0.0.1:8000/v1}

curl --silent --show-error --fail-with-body --no-buffer "$BASE_URL/chat/completions" \
  --header "content-type: application/json" \
  --header "authorization: Bearer ${OPENAI_API_KEY:-none}" \
  --data "{\"model\":\"${MODEL:-gpt-4o}\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"why?\"}]}"
