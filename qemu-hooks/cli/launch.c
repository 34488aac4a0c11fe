// SPDX-License-Identifier: GPL-2.0-or-later
/* Beginning a migration; see launch.h. */
#include <errno.h>

#include "interrupt.h"
#include "launch.h"
#include "pf.h"

static int cancel(struct qmp *qmp, int why, uint64_t limit_ns, struct launch *ret)
{
	json_int_t id;

	interrupt_take();
	ret->stopped = true;
	ret->timed_out = why == -ETIMEDOUT && now_ns() >= limit_ns;
	ret->mute = why == -ETIMEDOUT && !ret->timed_out;
	return qmp_send(qmp, "migrate_cancel", NULL, &id);
}

int launch_migration(struct qmp *qmp, const char *uri, uint64_t limit_ns, struct launch *ret)
{
	uint64_t until = from_now_ns(QMP_ANSWER_MS);
	json_int_t id;
	int r;

	*ret = (struct launch) {};
	r = qmp_send(qmp, "migrate", json_pack("{s:s}", "uri", uri), &id);
	if (r < 0)
		return r;
	ret->sent = true;
	r = qmp_await(qmp, id, until < limit_ns ? until : limit_ns, NULL);
	if (r != -EINTR && r != -ETIMEDOUT)
		return r;
	r = cancel(qmp, r, limit_ns, ret);
	if (!r)
		r = qmp_await(qmp, id, from_now_ns(QMP_ANSWER_MS), NULL);
	return r == -EINTR ? -ECANCELED : r;
}
