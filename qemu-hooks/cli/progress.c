// SPDX-License-Identifier: GPL-2.0-or-later
/* A migration under way as one line; see progress.h. */
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "progress.h"

#define BAR_MAX	30

const char *progress_phase(const struct progress *p)
{
	switch (p->migration.status) {
	case QMP_MIG_NONE:
	case QMP_MIG_SETUP:
		return "starting";
	case QMP_MIG_CANCELLING:
		return "cancelling";
	case QMP_MIG_CANCELLED:
		return "cancelled";
	case QMP_MIG_COMPLETED:
		return "completed";
	case QMP_MIG_FAILED:
		return "failed";
	case QMP_MIG_PAUSED:
		return "held";
	case QMP_MIG_DEVICE:
		return "switching";
	case QMP_MIG_ACTIVE:
	case QMP_MIG_OTHER:
		break;
	}
	switch ((enum vferry_mig_state)p->vf_state) {
	case VFERRY_MIG_SUSPEND_SENT:
		return "suspending";
	case VFERRY_MIG_SUSPENDED:
		return "switching";
	case VFERRY_MIG_RESUME_SENT:
		return "resuming";
	case VFERRY_MIG_CANCEL_SENT:
		return "cancelling";
	case VFERRY_MIG_IDLE:
	case VFERRY_MIG_MIGRATE_SENT:
	case VFERRY_MIG_MIGRATING:
	case VFERRY_MIG_STATES:
		break;
	}
	return "copying";
}

const char *bytes_text(json_int_t bytes, char *buf)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = bytes;
	unsigned int unit = 0;

	if (bytes < 0)
		return strcpy(buf, "?");
	while (value >= 1024 && unit < 6) {
		value /= 1024;
		unit++;
	}
	snprintf(buf, 32, "%.*f %s", unit && value < 100 ? 1 : 0, value, units[unit]);
	return buf;
}

/* Memory that is at the destination as it is here: 0 to 1, negative: not known */
static double done(const struct qmp_migration *m)
{
	if (m->status == QMP_MIG_COMPLETED)
		return 1;
	if (m->total <= 0 || m->remaining < 0 || m->remaining > m->total)
		return -1;
	/* QEMU has not begun to count. */
	if (!m->transferred)
		return 0;
	return 1 - (double)m->remaining / m->total;
}

static void append(char *buf, size_t size, unsigned int width, const char *text)
{
	size_t len = strlen(buf);

	if (len + strlen(text) <= width && len + strlen(text) < size)
		strcpy(buf + len, text);
}

void progress_line(const struct progress *p, unsigned int width, char *buf, size_t size)
{
	const struct qmp_migration *m = &p->migration;
	char part[128], a[32], b[32];
	double part_done = done(m);
	int i, full;

	buf[0] = '\0';
	snprintf(part, sizeof(part), "%-10s", progress_phase(p));
	append(buf, size, width, part);

	if (part_done >= 0) {
		full = part_done * BAR_MAX;
		part[0] = ' ';
		part[1] = '[';
		for (i = 0; i < BAR_MAX; i++)
			part[2 + i] = i < full ? '#' : '-';
		snprintf(part + 2 + BAR_MAX, sizeof(part) - 2 - BAR_MAX, "] %3d %%",
			 (int)(part_done * 100));
		append(buf, size, width, part);
		snprintf(part, sizeof(part), "  %s left of %s", bytes_text(m->remaining, a),
			 bytes_text(m->total, b));
		append(buf, size, width, part);
	}
	if (m->rate > 0) {
		snprintf(part, sizeof(part), "  %s/s", bytes_text(m->rate, a));
		append(buf, size, width, part);
	}
	if (m->round > 0) {
		snprintf(part, sizeof(part), "  round %lld", (long long)m->round);
		append(buf, size, width, part);
	}
	if (m->expected_downtime_ms >= 0 && m->status == QMP_MIG_ACTIVE) {
		snprintf(part, sizeof(part), "  down ~%lld ms", (long long)m->expected_downtime_ms);
		append(buf, size, width, part);
	}
	snprintf(part, sizeof(part), "  %.1f s", p->seconds);
	append(buf, size, width, part);
}
