/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What really leaves and reaches an interface: announcements that go out, by libpcap, and
 * the first frame that comes in after a switch.
 */
#ifndef VFERRYD_CAPTURE_H
#define VFERRYD_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct capture;

/**
 * struct capture_listener
 * @sent: a frame that may be an announcement has left, with its VLAN tags
 * @received: a frame has come, since capture_arm(), after capture_receive(). Returns
 *	whether it is the one that was waited for; if not, it is called for the next one
 *
 * The time is CLOCK_BOOTTIME.
 */
struct capture_listener {
	void (*sent)(const uint8_t *frame, size_t len, void *arg);
	bool (*received)(uint64_t time_ns, void *arg);
	void *arg;
};

/**
 * capture_new() - begin
 * @event: loop that calls the listener
 * @ifname: interface
 * @listener: who is told
 * @frames: how many may leave before capture_drain() is called
 * @ret: capture_free()
 * @ret_error: 256 bytes: why not, if it fails
 *
 * Return: 0 or -EIO, -ENOMEM.
 */
int capture_new(sd_event *event, const char *ifname, const struct capture_listener *listener,
		unsigned int frames, struct capture **ret, char *ret_error);
void capture_free(struct capture *capture);

/* Do now what capture_new() would otherwise do when it is first called. */
void capture_prepare(const char *ifname);
/* Give back what is kept for all captures. */
void capture_forget(void);

/* Keep what comes in from now on. Until this is called, none costs anything. */
void capture_arm(struct capture *capture);

/* Tell the listener of what was kept, and of what comes, until it has what it waited for. */
void capture_receive(struct capture *capture);

/* How many frames left that were not seen, since there was no room for them. */
unsigned int capture_lost(struct capture *capture);

/* Tell the listener now of all that has left and come so far. */
void capture_drain(struct capture *capture);

#endif
