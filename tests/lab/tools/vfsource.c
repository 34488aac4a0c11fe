// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vfsource - be the source's QEMU: take a VF through VFIO's states
 *
 *   vfsource PCI WORD...
 *
 * PCI is the address of a VF bound to vferry_vfio that nobody uses. Prints "fd=PID,FD": the
 * VF's file, for vfhostile, to be its guest. Words are done one after the other:
 *
 *   run stop precopy stopcopy resuming   go to that state
 *   read         read the device state, as far as there is some
 *   reset        VFIO_DEVICE_RESET
 *   size         ask for the size of the state
 *   sizes=N      the same N times, as fast as it goes
 *   wait=FILE    print "wait", and wait until FILE is there
 *
 * Each of these is printed with "ok" or the name of the error, and the next one is done
 * whatever it was. Exit status: 0; 1: VFIO does not give the VF; 2: usage.
 */
#include "vfio.h"

#define WAIT_S	60

static int device = -1, data_fd = -1;

static int go_to(uint32_t state)
{
	return vfio_go_to(device, state, &data_fd);
}

static int ask_size(unsigned int times)
{
	int r = 0;

	while (times--)
		r = vfio_ask_size(device);
	return r;
}

static int read_state(void)
{
	char buf[4096];
	ssize_t n;

	do
		n = read(data_fd, buf, sizeof(buf));
	while (n > 0);
	return n ? -errno : 0;
}

static int await(const char *file)
{
	int64_t end = realtime_ns() + WAIT_S * INT64_C(1000000000);

	printf("wait\n");
	while (access(file, F_OK)) {
		if (realtime_ns() > end)
			return -ETIMEDOUT;
		usleep(1000);
	}
	return 0;
}

/* Returns 0, -errno, or 1: no such word. */
static int act(const char *word)
{
	if (!strcmp(word, "run"))
		return go_to(VFIO_DEVICE_STATE_RUNNING);
	if (!strcmp(word, "stop"))
		return go_to(VFIO_DEVICE_STATE_STOP);
	if (!strcmp(word, "precopy"))
		return go_to(VFIO_DEVICE_STATE_PRE_COPY);
	if (!strcmp(word, "stopcopy"))
		return go_to(VFIO_DEVICE_STATE_STOP_COPY);
	if (!strcmp(word, "resuming"))
		return go_to(VFIO_DEVICE_STATE_RESUMING);
	if (!strcmp(word, "read"))
		return read_state();
	if (!strcmp(word, "reset"))
		return ioctl(device, VFIO_DEVICE_RESET) ? -errno : 0;
	if (!strcmp(word, "size"))
		return ask_size(1);
	if (!strncmp(word, "sizes=", 6))
		return ask_size(strtoul(word + 6, NULL, 10));
	if (!strncmp(word, "wait=", 5))
		return await(word + 5);
	return 1;
}

int main(int argc, char **argv)
{
	int i, r;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3) {
		fprintf(stderr, "usage: vfsource PCI WORD...\n");
		return 2;
	}
	device = vfio_open(argv[1], NULL);
	if (device < 0 || vfio_enable_memory(device))
		return fail(argv[1]);
	printf("fd=%d,%d\n", getpid(), device);
	for (i = 2; i < argc; i++) {
		r = act(argv[i]);
		if (r == 1) {
			fprintf(stderr, "vfsource: '%s'?\n", argv[i]);
			return 2;
		}
		printf("%s %s\n", argv[i], r ? strerrorname_np(-r) : "ok");
	}
	return 0;
}
