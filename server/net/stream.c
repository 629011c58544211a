/*
 * net_stream(): a worker sends a long answer piece by piece and waits while its reader is
 * behind. One piece at a time is on its way from worker to loop; the loop lets the next one come
 * when the connection's output is low.
 */
#include "common/log.h"
#include "common/mem.h"
#include "server/net/inner.h"

#include <stdlib.h>
#include <string.h>

static void
stream_clear(struct net *net, struct task *task)
{
	pthread_mutex_lock(&net->stream_lock);
	task->stream_clear = true;
	pthread_cond_broadcast(&net->stream_moved);
	pthread_mutex_unlock(&net->stream_lock);
}

void
stream_moved(struct conn *conn)
{
	struct task *task;

	TAILQ_FOREACH(task, &conn->tasks, of_conn)
	if (task->queue != NULL)
		stream_clear(conn->net, task);
}

void
stream_cancel(struct net *net, struct task *task)
{
	/* Under the lock, or a worker about to wait would miss it. */
	pthread_mutex_lock(&net->stream_lock);
	__atomic_store_n(&task->work.cancelled, true, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&net->stream_moved);
	pthread_mutex_unlock(&net->stream_lock);
}

struct stream_post {
	struct post post;
	uint64_t connection;
	struct task *task; /* alive: its answer is posted behind this */
	size_t bytes;
	uint8_t data[];
};

static void
stream_posted(struct net *net, struct post *post)
{
	struct stream_post *stream = (struct stream_post *)post;
	struct conn *conn = conn_find(net, stream->connection);

	if (conn != NULL)
		conn_send(conn, stream->data, stream->bytes);
	if (conn != NULL && conn->state == CONN_OPEN && conn_output_bytes(conn) <= STREAM_BYTES)
		stream_clear(net, stream->task);
	free(stream);
}

/* In a worker: false when it waited in vain. */
static bool
stream_wait(struct net *net, struct task *task, int timeout_ms)
{
	int64_t end_us = date_monotonic_us() + (int64_t)timeout_ms * 1000;
	const struct timespec end = { .tv_sec = end_us / US_PER_SECOND,
		.tv_nsec = end_us % US_PER_SECOND * 1000 };
	bool clear;

	pthread_mutex_lock(&net->stream_lock);
	while (!task->stream_clear && !task->work.cancelled)
		if (pthread_cond_timedwait(&net->stream_moved, &net->stream_lock, &end) != 0)
			break;
	clear = task->stream_clear && !task->work.cancelled;
	if (clear)
		task->stream_clear = false;
	pthread_mutex_unlock(&net->stream_lock);
	return clear;
}

bool
net_stream(struct net *net, const struct work *work, const struct buf *frames, int timeout_ms)
{
	/* Every work a worker sees is the first member of a task of ours. */
	struct task *task = (struct task *)(uintptr_t)work;
	struct stream_post *stream;

	if (!stream_wait(net, task, timeout_ms))
		return false;
	stream = mem_alloc(sizeof(*stream) + frames->bytes);
	*stream = (struct stream_post){ .post.run = stream_posted,
		.connection = work->connection,
		.task = task,
		.bytes = frames->bytes };
	if (frames->bytes > 0)
		memcpy(stream->data, frames->data, frames->bytes);
	net_post(net, &stream->post);
	return true;
}
