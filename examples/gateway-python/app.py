"""Python and the openai package: only the base URL changes. Prints the answer as it comes."""

import os

from openai import OpenAI

client = OpenAI(
    api_key=os.environ.get("OPENAI_API_KEY", "none"),
    # before: https://api.openai.com/v1
    base_url=os.environ.get("GATEWAY_BASE_URL", "http://127.0.0.1:8000/v1"),
)

stream = client.chat.completions.create(
    model=os.environ.get("MODEL", "gpt-4o"),
    messages=[{"role": "user", "content": "why?"}],
    stream=True,
)
for chunk in stream:
    print(chunk.choices[0].delta.content or "", end="", flush=True)
print()
