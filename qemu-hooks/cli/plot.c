// SPDX-License-Identifier: GPL-2.0-or-later
/* One migration as a picture; see plot.h. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "plot.h"

#define WIDTH		1000
#define LEFT		40
#define RIGHT		(WIDTH - 40)
#define BAR		26	/* height of the bar of states */
#define ROW		18	/* height of a row of labels */
#define ROWS		6	/* of labels above a bar */
#define GLYPH		6.6	/* width of a character in a label, about */

/* Text between tags or in quotes */
static void put_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc((unsigned char)*text < ' ' || (unsigned char)*text > '~' ?
			      '?' : *text, out);
		}
	}
}

static const char *colour(uint32_t state)
{
	switch ((enum vferry_mig_state)state) {
	case VFERRY_MIG_IDLE:
		return "#b9dcb4";
	case VFERRY_MIG_MIGRATE_SENT:
		return "#cfe0f3";
	case VFERRY_MIG_MIGRATING:
		return "#8ab6e1";
	case VFERRY_MIG_SUSPEND_SENT:
		return "#f6cf8e";
	case VFERRY_MIG_SUSPENDED:
		return "#e08a6d";
	case VFERRY_MIG_RESUME_SENT:
		return "#f0b27a";
	case VFERRY_MIG_CANCEL_SENT:
		return "#cccccc";
	case VFERRY_MIG_STATES:
		break;
	}
	return "#ffffff";
}

/**
 * struct panel - a piece of time on the paper
 * @from: ms since the migration began, left
 * @to: right
 * @top: of the panel, pixels
 */
struct panel {
	double from;
	double to;
	int top;
};

static double x_of(const struct panel *p, double ms)
{
	return LEFT + (ms - p->from) / (p->to - p->from) * (RIGHT - LEFT);
}

static int bar_top(const struct panel *p)
{
	return p->top + 24 + ROWS * ROW;
}

/* 1, 2 or 5 times a power of ten, for about eight marks */
static double axis_step(double span)
{
	double step = pow(10, floor(log10(span / 8)));

	if (span / step > 40)
		return step * 5;
	return span / step > 16 ? step * 2 : step;
}

static void put_axis(FILE *out, const struct panel *p)
{
	double step = axis_step(p->to - p->from), mark, ms;
	int y = bar_top(p) + BAR;

	/* + 0.0: no negative zero */
	for (mark = ceil(p->from / step); (ms = mark * step + 0.0) <= p->to; mark++)
		fprintf(out, "<path d=\"M%.1f %d v6\" stroke=\"#444\"/>\n"
			"<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.*f</text>\n",
			x_of(p, ms), y, x_of(p, ms), y + 20, step < 1 ? 1 : 0, ms);
	fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">ms</text>\n", WIDTH - 8, y + 20);
}

static void put_state(FILE *out, const struct panel *p, uint32_t state, double from, double to)
{
	const char *name = mig_state_name(state);
	double x, w;

	from = fmax(from, p->from);
	to = fmin(to, p->to);
	if (to <= from)
		return;
	x = x_of(p, from);
	w = x_of(p, to) - x;
	fprintf(out, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\">"
		"<title>%s: %.2f ms</title></rect>\n", x, bar_top(p), fmax(w, 0.5), BAR,
		colour(state), name, to - from);
	if (w > strlen(name) * GLYPH + 6)
		fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
			x + w / 2, bar_top(p) + 18, name);
}

static void put_states(FILE *out, const struct move *move, const struct panel *p)
{
	const struct vf_event *last = NULL;
	size_t i;

	for (i = 0; i < move->count; i++) {
		const struct vf_event *e = &move->events[i];

		if (e->event != VFERRY_PF_EVENT_STATE)
			continue;
		if (last)
			put_state(out, p, last->state, move_ms(move, last->time_ns),
				  move_ms(move, e->time_ns));
		else
			put_state(out, p, e->old_state, p->from, move_ms(move, e->time_ns));
		last = e;
	}
	if (last)
		put_state(out, p, last->state, move_ms(move, last->time_ns), p->to);
}

static const char *label_colour(const struct vf_event *e)
{
	if (e->event == VFERRY_PF_EVENT_FAILED)
		return "#b00020";
	return e->event == VFERRY_PF_EVENT_PHASE ? "#085" : "#222";
}

/**
 * struct label - where one is put
 * @x: of the moment that it tells of
 * @left: of its text
 * @row: 0: next to the bar
 */
struct label {
	double x;
	double left;
	int row;
	char text[64];
};

static void put_label(FILE *out, const struct panel *p, const struct vf_event *e,
		      const struct label *l)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%d\" fill=\"%s\" stroke=\"#fff\" stroke-width=\"4\" "
		"paint-order=\"stroke\"><title>", l->left, bar_top(p) - l->row * ROW - 7,
		label_colour(e));
	put_text(out, event_meaning(e));
	fputs("</title>", out);
	put_text(out, l->text);
	fputs("</text>\n", out);
}

/* Labels above the bar; where one would lie on its neighbour it goes a row up. */
static void put_labels(FILE *out, const struct move *move, const struct panel *p)
{
	struct label labels[MOVE_EVENTS];
	double taken[ROWS] = {};
	size_t i;

	for (i = 0; i < move->count; i++) {
		const struct vf_event *e = &move->events[i];
		double ms = move_ms(move, e->time_ns), width;
		struct label *l = &labels[i];

		l->row = -1;
		if (ms < p->from || ms > p->to)
			continue;
		snprintf(l->text, sizeof(l->text), "%s %.1f", event_label(e), ms);
		l->x = x_of(p, ms);
		width = strlen(l->text) * GLYPH;
		l->left = fmin(fmax(l->x - 2, 4), WIDTH - width - 4);
		for (l->row = 0; l->row < ROWS - 1 && taken[l->row] > l->left; l->row++)
			;
		taken[l->row] = l->left + width + 8;
		fprintf(out, "<path d=\"M%.1f %d V%d\" stroke=\"#999\"/>\n", l->x,
			bar_top(p) - l->row * ROW - 4, bar_top(p) + BAR);
	}
	/* over all lines */
	for (i = 0; i < move->count; i++)
		if (labels[i].row >= 0)
			put_label(out, p, &move->events[i], &labels[i]);
}

static void put_panel(FILE *out, const struct move *move, const struct panel *p,
		      const char *title)
{
	fprintf(out, "<text x=\"%d\" y=\"%d\" font-weight=\"bold\">%s</text>\n", LEFT,
		p->top + 12, title);
	put_states(out, move, p);
	put_labels(out, move, p);
	put_axis(out, p);
}

static void put_title(FILE *out, const struct move *move)
{
	time_t when = move->begin_ns / 1000000000ull;
	char date[64] = "", id[17];
	struct tm tm;

	if (gmtime_r(&when, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &tm);
	fprintf(out, "<text x=\"%d\" y=\"26\" font-size=\"16\">", LEFT);
	put_text(out, move->pf);
	fprintf(out, " vf %u: %s   migration %s   %s</text>\n", move->vf,
		move_outcome_name(move->outcome), mig_id_text(move->mig_id, id), date);
	if (move->reason[0]) {
		fprintf(out, "<text x=\"%d\" y=\"44\" fill=\"#b00020\">", LEFT);
		put_text(out, move->reason);
		fputs("</text>\n", out);
	}
}

/* From where on the end is worth a panel of its own; negative: nowhere */
static double end_from(const struct move *move)
{
	size_t i;

	for (i = 0; i < move->count; i++) {
		const struct vf_event *e = &move->events[i];

		if (e->event == VFERRY_PF_EVENT_STATE &&
		    (e->state == VFERRY_MIG_SUSPEND_SENT || e->state == VFERRY_MIG_SUSPENDED))
			return move_ms(move, e->time_ns);
	}
	return -1;
}

/* Until when: a VF that lies suspended until QEMU ends would hide all before it. */
static double end_to(const struct move *move, double last)
{
	size_t i;

	for (i = 0; i < move->count; i++) {
		const struct vf_event *e = &move->events[i];

		if (e->event == VFERRY_PF_EVENT_PHASE && e->phase == VFERRY_PF_PHASE_SAVED)
			return move_ms(move, e->time_ns);
	}
	return last;
}

int plot_svg(const struct move *move, FILE *out)
{
	double last = 0, from, to, margin;
	struct panel whole = { .top = 56 }, end = { .top = 56 + 210 };
	bool two;
	size_t i;

	if (!move->count)
		return -ENODATA;
	for (i = 0; i < move->count; i++)
		last = fmax(last, move_ms(move, move->events[i].time_ns));
	last = fmax(last, 0.1);
	whole.from = -last * 0.04;
	whole.to = last * 1.04;

	from = end_from(move);
	to = end_to(move, last);
	two = from >= 0 && to > from && to - from < last * 0.6;
	margin = (to - from) * 0.15;
	end.from = from - margin;
	end.to = to + margin;

	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		"font-family=\"sans-serif\" font-size=\"12\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
		WIDTH, two ? 486 : 276);
	put_title(out, move);
	put_panel(out, move, &whole, "The whole migration");
	if (two)
		put_panel(out, move, &end, "The end, enlarged");
	fputs("</svg>\n", out);
	return ferror(out) ? -EIO : 0;
}
