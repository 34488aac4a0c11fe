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
 * @received: the first frame since capture_arm() has come; once for each time
 *
 * Times are CLOCK_REALTIME, of the kernel.
 */
struct capture_listener {
	void (*sent)(const uint8_t *frame, size_t len, uint64_t time_ns, void *arg);
	void (*received)(uint64_t time_ns, void *arg);
	void *arg;
};

/**
 * capture_new() - begin
 * @event: loop that calls the listener
 * @ifname: interface
 * @listener: who is told
 * @ret: capture_free()
 * @ret_error: 256 bytes: why not, if it fails
 *
 * Return: 0 or -EIO, -ENOMEM.
 */
int capture_new(sd_event *event, const char *ifname, const struct capture_listener *listener,
		struct capture **ret, char *ret_error);
void capture_free(struct capture *capture);

/* Wait for the next frame that comes in. Until this is called, none costs anything. */
void capture_arm(struct capture *capture);

#endif
