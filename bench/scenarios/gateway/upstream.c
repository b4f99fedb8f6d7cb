/* A model server for the benchmark: one thread, epoll, streams whose pace the model name says.
 *
 *   upstream PORT
 *
 * POST with a body whose "model" is MODE-FIRST_US-GAP_US-TOKENS, MODE one of `paced` (one write per frame), `instant`
 * (all frames in one write) and `flood` (as fast as the socket takes them). GET /stats answers the counters as JSON. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "frame.h"

enum { MAX_CONNECTIONS = 8192, REQUEST_BYTES = 16384, FLOOD_FRAMES = 240 };

static const char HEAD[] = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
                           "transfer-encoding: chunked\r\n\r\n";

typedef struct {
  int fd;
  bool open, streaming, flood, blocked;
  char request[REQUEST_BYTES];
  size_t request_bytes;
  long tokens_left;
  uint64_t due_ns, gap_ns;
  int heap_at; /* index in the heap, -1 when not due */
  char *pending;
  size_t pending_bytes, pending_at;
} Connection;

static Connection connections[MAX_CONNECTIONS];
static Connection *heap[MAX_CONNECTIONS];
static int heap_size = 0;
static int epoll_fd, timer_fd;
static uint64_t timer_due_ns = 0;
static long active = 0, aborted = 0, completed = 0;

static void heap_put(int at, Connection *connection) {
  heap[at] = connection;
  connection->heap_at = at;
}

static void heap_up(int at) {
  Connection *moved = heap[at];
  while (at > 0 && heap[(at - 1) / 2]->due_ns > moved->due_ns) {
    heap_put(at, heap[(at - 1) / 2]);
    at = (at - 1) / 2;
  }
  heap_put(at, moved);
}

static void heap_down(int at) {
  Connection *moved = heap[at];
  for (;;) {
    int child = 2 * at + 1;
    if (child >= heap_size) break;
    if (child + 1 < heap_size && heap[child + 1]->due_ns < heap[child]->due_ns) child++;
    if (heap[child]->due_ns >= moved->due_ns) break;
    heap_put(at, heap[child]);
    at = child;
  }
  heap_put(at, moved);
}

static void heap_add(Connection *connection) {
  heap_put(heap_size++, connection);
  heap_up(connection->heap_at);
}

static void heap_remove(Connection *connection) {
  int at = connection->heap_at;
  if (at < 0) return;
  connection->heap_at = -1;
  Connection *last = heap[--heap_size];
  if (last == connection) return;
  heap_put(at, last);
  heap_up(at);
  heap_down(last->heap_at);
}

static void arm_timer(void) {
  uint64_t due = heap_size == 0 ? 0 : heap[0]->due_ns;
  if (due == timer_due_ns) return;
  timer_due_ns = due;
  struct itimerspec when = {.it_value = {.tv_sec = (time_t)(due / 1000000000ull), .tv_nsec = (long)(due % 1000000000ull)}};
  timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void watch(Connection *connection, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = connection};
  epoll_ctl(epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
}

static void close_connection(Connection *connection) {
  if (connection->streaming) {
    active--;
    aborted++;
  }
  heap_remove(connection);
  close(connection->fd);
  free(connection->pending);
  connection->pending = NULL;
  connection->pending_bytes = connection->pending_at = 0;
  connection->open = connection->streaming = connection->blocked = false;
}

/* Sends what the socket takes and keeps the rest; false when the connection is gone. */
static bool send_bytes(Connection *connection, const char *bytes, size_t length) {
  size_t sent = 0;
  if (!connection->blocked) {
    ssize_t took = send(connection->fd, bytes, length, MSG_NOSIGNAL);
    if (took < 0 && errno != EAGAIN) return false;
    if (took > 0) sent = (size_t)took;
  }
  if (sent == length) return true;
  size_t rest = length - sent;
  connection->pending = realloc(connection->pending, connection->pending_bytes + rest);
  memcpy(connection->pending + connection->pending_bytes, bytes + sent, rest);
  connection->pending_bytes += rest;
  if (!connection->blocked) watch(connection, EPOLLIN | EPOLLOUT);
  connection->blocked = true;
  return true;
}

static size_t put_chunk(char *out, const char *data, size_t length) {
  int head = sprintf(out, "%zx\r\n", length);
  memcpy(out + head, data, length);
  memcpy(out + (size_t)head + length, "\r\n", 2);
  return (size_t)head + length + 2;
}

static size_t put_frame(char *out) {
  char frame[FRAME_BYTES];
  write_frame(frame, monotonic_ns());
  return put_chunk(out, frame, FRAME_BYTES);
}

static bool finish_stream(Connection *connection) {
  char out[1024];
  size_t length = put_chunk(out, FINISH_FRAME, sizeof(FINISH_FRAME) - 1);
  length += put_chunk(out + length, DONE_FRAME, sizeof(DONE_FRAME) - 1);
  memcpy(out + length, "0\r\n\r\n", 5);
  connection->streaming = connection->flood = false;
  active--;
  completed++;
  return send_bytes(connection, out, length + 5);
}

/* Writes `count` frames at once. */
static bool send_frames(Connection *connection, long count) {
  static char out[FLOOD_FRAMES * (FRAME_BYTES + 16)];
  while (count > 0) {
    long now = count < FLOOD_FRAMES ? count : FLOOD_FRAMES;
    size_t length = 0;
    for (long i = 0; i < now; i++) length += put_frame(out + length);
    if (!send_bytes(connection, out, length)) return false;
    count -= now;
    connection->tokens_left -= now;
  }
  return connection->tokens_left > 0 || finish_stream(connection);
}

/* A frame is due; the next one keeps the schedule, however late this one is. */
static bool play_due(Connection *connection) {
  heap_remove(connection);
  if (connection->flood) {
    while (connection->streaming && !connection->blocked) {
      long now = connection->tokens_left < FLOOD_FRAMES ? connection->tokens_left : FLOOD_FRAMES;
      if (!send_frames(connection, now)) return false;
    }
    return true;
  }
  if (!send_frames(connection, connection->gap_ns == 0 ? connection->tokens_left : 1)) return false;
  if (connection->streaming) {
    connection->due_ns += connection->gap_ns;
    heap_add(connection);
  }
  return true;
}

static bool start_stream(Connection *connection, const char *body) {
  char mode[16] = "";
  long first_us = 0, gap_us = 0, tokens = 0;
  const char *model = strstr(body, "\"model\":\"");
  if (model == NULL || sscanf(model + 9, "%15[a-z]-%ld-%ld-%ld", mode, &first_us, &gap_us, &tokens) != 4) {
    static const char bad[] = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    return send_bytes(connection, bad, sizeof(bad) - 1);
  }
  connection->streaming = true;
  connection->flood = strcmp(mode, "flood") == 0;
  connection->tokens_left = tokens;
  connection->gap_ns = strcmp(mode, "instant") == 0 ? 0 : (uint64_t)gap_us * 1000;
  connection->due_ns = monotonic_ns() + (uint64_t)first_us * 1000;
  active++;
  if (!send_bytes(connection, HEAD, sizeof(HEAD) - 1)) return false;
  heap_add(connection);
  return true;
}

static bool send_stats(Connection *connection) {
  char body[128], out[256];
  int length = sprintf(body, "{\"active\":%ld,\"aborted\":%ld,\"completed\":%ld}", active, aborted, completed);
  int total = sprintf(out, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s", length, body);
  return send_bytes(connection, out, (size_t)total);
}

/* Answers a request once it is whole; false when the connection must go. */
static bool take_request(Connection *connection) {
  connection->request[connection->request_bytes] = '\0';
  char *end = strstr(connection->request, "\r\n\r\n");
  if (end == NULL) return connection->request_bytes < REQUEST_BYTES - 1;
  size_t head_bytes = (size_t)(end - connection->request) + 4;
  const char *declared = strcasestr(connection->request, "content-length:");
  size_t body_bytes = declared != NULL && declared < end ? strtoul(declared + 15, NULL, 10) : 0;
  if (head_bytes + body_bytes >= REQUEST_BYTES) return false;
  if (connection->request_bytes < head_bytes + body_bytes) return true;
  bool ok = strncmp(connection->request, "GET ", 4) == 0 ? send_stats(connection)
                                                        : start_stream(connection, connection->request + head_bytes);
  connection->request_bytes = 0;
  return ok;
}

static bool on_readable(Connection *connection) {
  for (;;) {
    size_t room = REQUEST_BYTES - 1 - connection->request_bytes;
    ssize_t got = recv(connection->fd, connection->request + connection->request_bytes, room, 0);
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN;
    connection->request_bytes += (size_t)got;
    if (!take_request(connection)) return false;
  }
}

static bool on_writable(Connection *connection) {
  size_t rest = connection->pending_bytes - connection->pending_at;
  ssize_t took = send(connection->fd, connection->pending + connection->pending_at, rest, MSG_NOSIGNAL);
  if (took < 0) return errno == EAGAIN;
  connection->pending_at += (size_t)took;
  if (connection->pending_at < connection->pending_bytes) return true;
  connection->pending_bytes = connection->pending_at = 0;
  connection->blocked = false;
  watch(connection, EPOLLIN);
  return !connection->flood || !connection->streaming || play_due(connection);
}

static void accept_all(int listener) {
  int fd;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    if (fd >= MAX_CONNECTIONS) {
      close(fd);
      continue;
    }
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    Connection *connection = &connections[fd];
    connection->fd = fd;
    connection->open = true;
    connection->request_bytes = 0;
    connection->heap_at = -1;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
  }
}

static int listen_on(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 4096) != 0) {
    perror("upstream: cannot listen");
    exit(1);
  }
  return fd;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: upstream PORT\n");
    return 64;
  }
  signal(SIGPIPE, SIG_IGN);
  int listener = listen_on(atoi(argv[1]));
  epoll_fd = epoll_create1(0);
  timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct epoll_event on_listener = {.events = EPOLLIN, .data.ptr = &listener};
  struct epoll_event on_timer = {.events = EPOLLIN, .data.ptr = &timer_fd};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &on_listener);
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &on_timer);
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    struct epoll_event events[512];
    int count = epoll_wait(epoll_fd, events, 512, -1);
    for (int i = 0; i < count; i++) {
      void *source = events[i].data.ptr;
      if (source == &listener) accept_all(listener);
      else if (source == &timer_fd) {
        uint64_t expirations;
        if (read(timer_fd, &expirations, sizeof(expirations)) > 0) timer_due_ns = 0;
      } else {
        Connection *connection = source;
        bool ok = connection->open;
        if (ok && (events[i].events & EPOLLOUT)) ok = on_writable(connection);
        if (ok && (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP))) ok = on_readable(connection);
        if (!ok && connection->open) close_connection(connection);
      }
    }
    while (heap_size > 0 && heap[0]->due_ns <= monotonic_ns()) {
      Connection *connection = heap[0];
      if (!play_due(connection)) close_connection(connection);
    }
    arm_timer();
  }
}
