/* One frame of the benchmark stream: an OpenAI chunk of FRAME_BYTES bytes that carries the monotonic time of its own
 * write. Shared by the upstream that writes it and the client that checks every byte of it. */
#ifndef FRAME_H
#define FRAME_H

#include <stdint.h>
#include <string.h>
#include <time.h>

#define STAMP_DIGITS 18
#define FRAME_HEAD                                                                                                    \
  "data: {\"id\":\"chatcmpl-benchmark0123456789abcdef\",\"object\":\"chat.completion.chunk\",\"created\":1795000000,"    \
  "\"model\":\"benchmark\",\"system_fingerprint\":\"fp_benchmark\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" "
#define FRAME_TAIL "\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n"
#define FINISH_FRAME                                                                                                  \
  "data: {\"id\":\"chatcmpl-benchmark0123456789abcdef\",\"object\":\"chat.completion.chunk\",\"created\":1795000000,"    \
  "\"model\":\"benchmark\",\"system_fingerprint\":\"fp_benchmark\",\"choices\":[{\"index\":0,\"delta\":{},"             \
  "\"logprobs\":null,\"finish_reason\":\"stop\"}]}\n\n"
#define DONE_FRAME "data: [DONE]\n\n"

#define FRAME_HEAD_BYTES (sizeof(FRAME_HEAD) - 1)
#define FRAME_TAIL_BYTES (sizeof(FRAME_TAIL) - 1)
#define FRAME_BYTES (FRAME_HEAD_BYTES + STAMP_DIGITS + FRAME_TAIL_BYTES)

static inline uint64_t monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

/* Writes one frame to `out`, which holds FRAME_BYTES. */
static inline void write_frame(char *out, uint64_t stamp_ns) {
  memcpy(out, FRAME_HEAD, FRAME_HEAD_BYTES);
  char *digits = out + FRAME_HEAD_BYTES;
  for (int i = STAMP_DIGITS - 1; i >= 0; i--) {
    digits[i] = (char)('0' + stamp_ns % 10);
    stamp_ns /= 10;
  }
  memcpy(digits + STAMP_DIGITS, FRAME_TAIL, FRAME_TAIL_BYTES);
}

/* The stamp of a frame of `length` bytes; 0 when one byte of it is not as it was written. */
static inline uint64_t read_frame(const char *frame, size_t length) {
  if (length != FRAME_BYTES || memcmp(frame, FRAME_HEAD, FRAME_HEAD_BYTES) != 0) return 0;
  if (memcmp(frame + FRAME_HEAD_BYTES + STAMP_DIGITS, FRAME_TAIL, FRAME_TAIL_BYTES) != 0) return 0;
  uint64_t stamp_ns = 0;
  for (size_t i = 0; i < STAMP_DIGITS; i++) {
    char digit = frame[FRAME_HEAD_BYTES + i];
    if (digit < '0' || digit > '9') return 0;
    stamp_ns = stamp_ns * 10 + (uint64_t)(digit - '0');
  }
  return stamp_ns;
}

#endif
