/* The load of the gateway benchmark: one thread, epoll, N keep-alive connections that ask for one stream after another.
 *
 *   client PORT PATH CONNECTIONS MODEL SECONDS [ABORT_PERCENT]
 *
 * Every frame's delay is its receive time minus the stamp in it (one clock, one host). Every byte of every frame is
 * compared. With ABORT_PERCENT that many streams of a hundred are left somewhere in their middle. Prints one JSON object;
 * frames of the first fifth of the time are not in the percentiles. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"

enum { BUFFER_BYTES = 256 * 1024, BUCKETS = 64 * 64 };

/* Times in buckets of 1/32 relative width, ns. */
typedef struct {
  uint64_t counts[BUCKETS], total;
} Histogram;

static int bucket_of(uint64_t ns) {
  if (ns < 64) return (int)ns;
  int exponent = 63 - __builtin_clzll(ns);
  return (exponent - 5) * 32 + (int)((ns >> (exponent - 5)) & 31) + 32;
}

static double bucket_ns(int bucket) {
  if (bucket < 64) return bucket;
  int exponent = (bucket - 32) / 32 + 5;
  return (double)((32ull + (uint64_t)((bucket - 32) % 32)) << (exponent - 5)) * (1 + 1.0 / 64);
}

static void record(Histogram *histogram, uint64_t ns) {
  histogram->counts[bucket_of(ns)]++;
  histogram->total++;
}

static double quantile_us(const Histogram *histogram, double q) {
  uint64_t rank = (uint64_t)(q * (double)histogram->total), seen = 0;
  for (int i = 0; i < BUCKETS; i++) {
    seen += histogram->counts[i];
    if (seen > rank) return bucket_ns(i) / 1000;
  }
  return 0;
}

typedef enum { IDLE, HEAD, SIZE, DATA, DATA_END, LAST } Phase;

typedef struct {
  int fd;
  Phase phase;
  char line[4096];
  size_t line_bytes;
  uint64_t chunk_left;
  char frame[FRAME_BYTES * 2];
  size_t frame_bytes;
  uint64_t asked_ns, start_ns;
  long frames, leave_after;
  bool finished, done, close_after;
} Stream;

static Stream *streams;
static int epoll_fd, port;
static struct sockaddr_in address;
static char request[4096];
static size_t request_bytes;
static long tokens, abort_percent;
static uint64_t warm_ns, end_ns;
static Histogram delays, firsts;
static long started, completed, left, failed, altered, all_frames;
static unsigned long long random_state = 88172645463325252ull;

static unsigned random_below(unsigned bound) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (unsigned)(random_state % bound);
}

static void open_socket(Stream *stream) {
  stream->fd = socket(AF_INET, SOCK_STREAM, 0);
  int one = 1;
  setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  if (connect(stream->fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
    close(stream->fd);
    stream->fd = -1;
    return;
  }
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = stream};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, stream->fd, &event);
}

static void close_socket(Stream *stream) {
  if (stream->fd >= 0) close(stream->fd);
  stream->fd = -1;
  stream->phase = IDLE;
}

static void ask(Stream *stream) {
  if (stream->fd < 0) open_socket(stream);
  stream->line_bytes = stream->frame_bytes = 0;
  stream->frames = 0;
  stream->finished = stream->done = stream->close_after = false;
  stream->leave_after = (long)random_below(100) < abort_percent ? (long)random_below((unsigned)tokens) : -1;
  started++;
  stream->asked_ns = monotonic_ns();
  if (stream->fd < 0 || send(stream->fd, request, request_bytes, MSG_NOSIGNAL) != (ssize_t)request_bytes) {
    failed++;
    close_socket(stream);
    return;
  }
  stream->phase = HEAD;
}

/* One server-sent event is complete. */
static void take_event(Stream *stream, const char *event, size_t length, uint64_t now_ns) {
  if (length == sizeof(DONE_FRAME) - 1 && memcmp(event, DONE_FRAME, length) == 0) stream->done = true;
  else if (length == sizeof(FINISH_FRAME) - 1 && memcmp(event, FINISH_FRAME, length) == 0) stream->finished = true;
  else {
    uint64_t stamp_ns = read_frame(event, length);
    if (stamp_ns == 0) {
      altered++;
      return;
    }
    all_frames++;
    stream->frames++;
    if (now_ns < warm_ns) return;
    record(&delays, now_ns - stamp_ns);
    if (stream->frames == 1) record(&firsts, now_ns - stream->asked_ns);
  }
}

static void take_body(Stream *stream, const char *bytes, size_t length, uint64_t now_ns) {
  for (size_t i = 0; i < length; i++) {
    if (stream->frame_bytes == sizeof(stream->frame)) {
      altered++;
      stream->frame_bytes = 0;
    }
    stream->frame[stream->frame_bytes++] = bytes[i];
    if (bytes[i] != '\n' || stream->frame_bytes < 2 || stream->frame[stream->frame_bytes - 2] != '\n') continue;
    take_event(stream, stream->frame, stream->frame_bytes, now_ns);
    stream->frame_bytes = 0;
  }
}

static void end_stream(Stream *stream) {
  if (stream->frames == tokens && stream->finished && stream->done) completed++;
  else failed++;
  if (stream->close_after) close_socket(stream);
  stream->phase = IDLE;
}

static bool take_head(Stream *stream) {
  if (strncmp(stream->line, "HTTP/1.1 200", 12) != 0) return false;
  if (strcasestr(stream->line, "\nconnection: close") != NULL) stream->close_after = true;
  return strcasestr(stream->line, "transfer-encoding: chunked") != NULL;
}

/* False when the answer is not one this client can read. */
static bool take(Stream *stream, const char *bytes, size_t length, uint64_t now_ns) {
  size_t at = 0;
  while (at < length && stream->phase != IDLE) {
    if (stream->phase == DATA) {
      size_t part = length - at < stream->chunk_left ? length - at : (size_t)stream->chunk_left;
      take_body(stream, bytes + at, part, now_ns);
      at += part;
      stream->chunk_left -= part;
      if (stream->chunk_left == 0) stream->phase = DATA_END;
      if (stream->leave_after >= 0 && stream->frames > stream->leave_after) {
        left++;
        close_socket(stream);
      }
      continue;
    }
    if (stream->line_bytes == sizeof(stream->line) - 1) return false;
    stream->line[stream->line_bytes++] = bytes[at++];
    stream->line[stream->line_bytes] = '\0';
    if (stream->phase == HEAD) {
      if (stream->line_bytes < 4 || memcmp(stream->line + stream->line_bytes - 4, "\r\n\r\n", 4) != 0) continue;
      if (!take_head(stream)) return false;
      stream->phase = SIZE;
    } else {
      if (stream->line[stream->line_bytes - 1] != '\n') continue;
      if (stream->phase == SIZE) {
        stream->chunk_left = strtoull(stream->line, NULL, 16);
        stream->phase = stream->chunk_left == 0 ? LAST : DATA;
      } else if (stream->phase == DATA_END) stream->phase = SIZE;
      else end_stream(stream);
    }
    stream->line_bytes = 0;
  }
  return true;
}

static void on_event(Stream *stream) {
  static char buffer[BUFFER_BYTES];
  ssize_t got = recv(stream->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  uint64_t now_ns = monotonic_ns();
  if (got > 0 && take(stream, buffer, (size_t)got, now_ns)) return;
  if (stream->phase != IDLE) failed++;
  close_socket(stream);
}

static void print_report(int count, double seconds) {
  printf("{\"connections\":%d,\"seconds\":%.3f,\"started\":%ld,\"completed\":%ld,\"left\":%ld,\"failed\":%ld,"
         "\"altered\":%ld,\"frames\":%ld,\"delayUs\":{\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f},"
         "\"firstUs\":{\"p50\":%.1f,\"p99\":%.1f}}\n",
         count, seconds, started, completed, left, failed, altered, all_frames, quantile_us(&delays, 0.5),
         quantile_us(&delays, 0.99), quantile_us(&delays, 0.999), quantile_us(&firsts, 0.5), quantile_us(&firsts, 0.99));
}

int main(int argc, char **argv) {
  if (argc < 6) {
    fprintf(stderr, "usage: client PORT PATH CONNECTIONS MODEL SECONDS [ABORT_PERCENT]\n");
    return 64;
  }
  signal(SIGPIPE, SIG_IGN);
  port = atoi(argv[1]);
  int count = atoi(argv[3]);
  double seconds = atof(argv[5]);
  abort_percent = argc > 6 ? atol(argv[6]) : 0;
  long first_us = 0, gap_us = 0;
  if (sscanf(argv[4], "%*[a-z]-%ld-%ld-%ld", &first_us, &gap_us, &tokens) != 3) return 64;
  address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  char body[512];
  int body_bytes = snprintf(body, sizeof(body), "{\"model\":\"%s\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}", argv[4]);
  request_bytes = (size_t)snprintf(request, sizeof(request),
      "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\ncontent-type: application/json\r\naccept: text/event-stream\r\n"
      "content-length: %d\r\n\r\n%s", argv[2], port, body_bytes, body);
  epoll_fd = epoll_create1(0);
  streams = calloc((size_t)count, sizeof(Stream));
  uint64_t begin_ns = monotonic_ns();
  uint64_t length_ns = ((uint64_t)first_us + (uint64_t)gap_us * (uint64_t)tokens) * 1000;
  /* Spread over one stream's length, so that the streams do not march in step. */
  for (int i = 0; i < count; i++) {
    streams[i].fd = -1;
    streams[i].start_ns = begin_ns + length_ns * (uint64_t)i / (uint64_t)count;
  }
  warm_ns = begin_ns + (uint64_t)(seconds * 0.2e9) + length_ns;
  end_ns = begin_ns + (uint64_t)(seconds * 1e9) + length_ns;
  uint64_t give_up_ns = end_ns + length_ns + 5000000000ull;
  for (;;) {
    uint64_t now_ns = monotonic_ns();
    int busy = 0;
    for (int i = 0; i < count; i++) {
      if (streams[i].phase == IDLE && now_ns < end_ns && now_ns >= streams[i].start_ns) ask(&streams[i]);
      busy += streams[i].phase != IDLE;
    }
    if ((now_ns >= end_ns && busy == 0) || now_ns > give_up_ns) {
      failed += busy;
      break;
    }
    struct epoll_event events[512];
    int ready = epoll_wait(epoll_fd, events, 512, 1);
    for (int i = 0; i < ready; i++) {
      Stream *stream = events[i].data.ptr;
      if (stream->fd >= 0) on_event(stream);
    }
  }
  print_report(count, (double)(monotonic_ns() - begin_ns) / 1e9);
  return 0;
}
