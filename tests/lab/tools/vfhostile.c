// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vfhostile - be the worst guest: write to a VF's registers what no driver would
 *
 *   vfhostile PCI hold            take the mailbox and never let go of it
 *   vfhostile PCI reset SECONDS   reset the VF in a loop
 *   vfhostile PCI spam SECONDS    requests as fast as it goes
 *   vfhostile PCI noise SECONDS [SEED]   random words, lock bits, resets, causes
 *   vfhostile PCI restart SECONDS a driver that starts over in a loop: reset, RESET, HELLO.
 *                                 Prints rounds, and HELLOs that were refused
 *   vfhostile PCI late            a guest that is migrated as it should be, only that
 *                                 it rings once with an old answer when RESUME is
 *                                 there, unread. Prints "ready", then how many
 *                                 microseconds later RESUME is there again
 *   vfhostile PCI quiet           come up, then say nothing any more
 *   vfhostile PCI obey            a good guest: prints "ready", does what it is told, and
 *                                 prints "lost" when it is not clear to send any more
 *   vfhostile PCI deaf            a guest that is suspended, takes no notice of RESUME,
 *                                 and says so when it is asked. Prints "ready", "asked",
 *                                 then the command that it is woken by
 *   vfhostile PCI in STATE SECONDS   prints "ready", does what it is told until the PF
 *                                 sees it in STATE, and makes each attack that leaves it
 *                                 there for SECONDS. Prints of each its name, its rounds
 *                                 and how much of a processor the kernel's workers of
 *                                 highest priority took, percent. STATE: idle,
 *                                 migrate-sent, migrating, suspend-sent, suspended,
 *                                 resume-sent, cancel-sent
 *
 * PCI is the address of a VF that no driver uses. Its BAR 0 is mapped from
 * sysfs. Or it is fd=PID,FD: VFIO's file of a VF, open in another process. Prints the number of rounds. Exit status: 0; 1: error; 2: usage.
 */
#include <dirent.h>
#include <stdbool.h>
#include <sys/syscall.h>

#include "vfio.h"

#include "vferry_mbx.c"

#define BAR_SIZE	16384

/* Registers of a VF, besides those of vfio.h */
#define DEV_CTRL		0x0000
#define CTRL_RST	0x04000000u
#define VTEICS		0x1520
#define WORDS		16

/* How long a guest waits for its host */
#define LATE_S		10

static volatile uint32_t *regs;

static void wr(unsigned int reg, uint32_t val)
{
	regs[reg / 4] = val;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* xorshift32, Marsaglia 2003 */
static uint32_t rnd(void)
{
	static uint32_t x;

	if (!x)
		x = (uint32_t)random() | 1;
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

static void one_noise(void)
{
	static const uint32_t ids[] = { 1, 2, 3, 4, 5, 6, 0x40, 0x41, 0x100, 0x140, 0x7f };
	unsigned int w;

	for (w = 0; w < WORDS; w++)
		wr(VMBMEM(w), rnd());
	/* mostly something that is looked at */
	if (rnd() % 8) {
		uint32_t word0 = ids[rnd() % (sizeof(ids) / sizeof(ids[0]))];

		if (word0 != 1)
			word0 |= rnd() & 0x00ff0000u;
		if (!(rnd() % 16))
			word0 |= rnd() & 0xff000000u;
		wr(VMBMEM(0), word0);
		if (rnd() % 2)
			wr(VMBMEM(1), rnd() % 5000);
	}
	wr(V2PMAILBOX, rnd() & (V2P_REQ | V2P_ACK | V2P_VFU));
	if (!(rnd() % 4))
		wr(V2PMAILBOX, V2P_REQ);
	if (!(rnd() % 64))
		wr(DEV_CTRL, CTRL_RST);
	if (!(rnd() % 16))
		wr(VTEICS, rnd());
}

static void one_spam(void)
{
	wr(VMBMEM(0), 0x7f);
	wr(V2PMAILBOX, V2P_REQ);
}

static void one_reset(void)
{
	wr(DEV_CTRL, CTRL_RST);
}

static void one_hold(void)
{
	wr(V2PMAILBOX, V2P_VFU);
}

static void one_ack(void)
{
	wr(V2PMAILBOX, V2P_ACK);
}

/* The bits of V2PMAILBOX that reading clears are kept until asked for. */
static bool rung(void)
{
	return regs[V2PMAILBOX / 4] & V2P_PFSTS;
}

static void send_words(const uint32_t *msg, int words)
{
	int w;

	wr(V2PMAILBOX, V2P_VFU);
	for (w = 0; w < words; w++)
		wr(VMBMEM(w), msg[w]);
	wr(V2PMAILBOX, V2P_REQ);
}

/* Wait for a message of the PF, do not acknowledge it. */
static int await_words(uint32_t *msg)
{
	double end = now() + LATE_S;
	unsigned int w;

	while (!rung()) {
		if (now() > end) {
			fprintf(stderr, "vfhostile: the PF says nothing\n");
			return -1;
		}
		usleep(20);
	}
	for (w = 0; w < WORDS; w++)
		msg[w] = regs[VMBMEM(w) / 4];
	return 0;
}

/* Wait for a command, do not acknowledge it. */
static int await_command(uint32_t cmd, uint32_t *ret_seq)
{
	struct vferry_mbx_command got;
	uint32_t msg[WORDS];

	for (;;) {
		if (await_words(msg))
			return -1;
		if (!vferry_mbx_get_command(msg, &got) && got.cmd == cmd)
			break;
		wr(V2PMAILBOX, V2P_ACK);
	}
	*ret_seq = got.seq;
	return 0;
}

static void answer(uint32_t cmd, uint32_t seq, uint32_t state)
{
	const struct vferry_mbx_status status = { .cmd = cmd, .seq = seq, .state = state };
	uint32_t msg[WORDS];

	send_words(msg, vferry_mbx_put_status(msg, &status));
}

static int obey(uint32_t cmd, uint32_t state, uint32_t *ret_seq)
{
	if (await_command(cmd, ret_seq))
		return -1;
	wr(V2PMAILBOX, V2P_ACK);
	answer(cmd, *ret_seq, state);
	return 0;
}

/* As a driver does: what is written while the PF has the mailbox may be overwritten. */
static int take_mailbox(void)
{
	double end = now() + LATE_S;

	do {
		if (now() > end) {
			fprintf(stderr, "vfhostile: the PF keeps the mailbox\n");
			return -1;
		}
		wr(V2PMAILBOX, V2P_VFU);
	} while (!(regs[V2PMAILBOX / 4] & V2P_VFU));
	return 0;
}

/* A request, and its reply, which is not the first message if an older one is there. */
static int ask(const uint32_t *msg, int words, uint32_t *ret_reply)
{
	uint32_t id = vferry_mbx_id(msg[0]);

	if (take_mailbox())
		return -1;
	send_words(msg, words);
	do {
		if (await_words(ret_reply))
			return -1;
		wr(V2PMAILBOX, V2P_ACK);
	} while (vferry_mbx_id(ret_reply[0]) != id ||
		 !(ret_reply[0] & (VFERRY_MBX_ACK | VFERRY_MBX_NACK)));
	return 0;
}

static void say(const char *what)
{
	printf("%s\n", what);
	fflush(stdout);
}

/* As a driver does that speaks vferry. */
static int come_up(void)
{
	const struct vferry_mbx_hello hello = {
		.min = VFERRY_PROTO_MIN, .max = VFERRY_PROTO_MAX, .features = VFERRY_FEAT_MIGRATE,
	};
	uint32_t msg[WORDS];

	if (ask((uint32_t[WORDS]) { VFERRY_MBX_RESET }, 1, msg) ||
	    ask(msg, vferry_mbx_put_hello(msg, &hello), msg))
		return -1;
	if (msg[0] & VFERRY_MBX_NACK) {
		fprintf(stderr, "vfhostile: HELLO was refused\n");
		return -1;
	}
	say("ready");
	return 0;
}

static int obey_all(void)
{
	static const uint32_t becomes[] = {
		[VFERRY_CMD_MIGRATE] = VFERRY_MIG_MIGRATING,
		[VFERRY_CMD_CANCEL] = VFERRY_MIG_IDLE,
		[VFERRY_CMD_SUSPEND] = VFERRY_MIG_SUSPENDED,
		[VFERRY_CMD_RESUME] = VFERRY_MIG_IDLE,
	};
	uint32_t msg[WORDS], state = VFERRY_MIG_IDLE;
	struct vferry_mbx_command got;

	if (come_up())
		return 1;
	for (;;) {
		if (await_words(msg))
			return 1;
		wr(V2PMAILBOX, V2P_ACK);
		if (msg[0] == VFERRY_MBX_CONTROL)
			say("lost");
		if (vferry_mbx_get_command(msg, &got))
			continue;
		if (got.cmd != VFERRY_CMD_PING)
			state = becomes[got.cmd];
		answer(got.cmd, got.seq, state);
	}
}

static int deaf(void)
{
	struct vferry_mbx_command got;
	uint32_t msg[WORDS], seq;
	bool asked = false;

	if (come_up() || obey(VFERRY_CMD_MIGRATE, VFERRY_MIG_MIGRATING, &seq) ||
	    obey(VFERRY_CMD_SUSPEND, VFERRY_MIG_SUSPENDED, &seq))
		return 1;
	for (;;) {
		if (await_words(msg))
			return 1;
		wr(V2PMAILBOX, V2P_ACK);
		if (vferry_mbx_get_command(msg, &got))
			continue;
		if (got.cmd == VFERRY_CMD_PING) {
			answer(got.cmd, got.seq, VFERRY_MIG_SUSPENDED);
			asked = true;
			say("asked");
		} else if (asked) {
			answer(got.cmd, got.seq, VFERRY_MIG_IDLE);
			say(vferry_mbx_cmd_name(got.cmd));
			return 0;
		}
	}
}

/* What a guest is told on its way into a state, and does; the last one is not answered. */
static const struct {
	const char *name;
	unsigned int obeyed;
	uint32_t last;
} states[] = {
	{ "idle", 0, 0 },
	{ "migrate-sent", 0, VFERRY_CMD_MIGRATE },
	{ "migrating", 1, 0 },
	{ "suspend-sent", 1, VFERRY_CMD_SUSPEND },
	{ "suspended", 2, 0 },
	{ "resume-sent", 2, VFERRY_CMD_RESUME },
	{ "cancel-sent", 1, VFERRY_CMD_CANCEL },
};

/* Until the PF has read the last answer. */
static int await_ack(void)
{
	double end = now() + LATE_S;

	while (!(regs[V2PMAILBOX / 4] & V2P_PFACK)) {
		if (now() > end) {
			fprintf(stderr, "vfhostile: the PF does not read\n");
			return -1;
		}
	}
	return 0;
}

static int go_to(const char *name)
{
	unsigned int i;
	uint32_t seq;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(states[i].name, name))
			continue;
		if (states[i].obeyed > 0 && obey(VFERRY_CMD_MIGRATE, VFERRY_MIG_MIGRATING, &seq))
			return -1;
		if (states[i].obeyed > 1 && obey(VFERRY_CMD_SUSPEND, VFERRY_MIG_SUSPENDED, &seq))
			return -1;
		if (states[i].last)
			return await_command(states[i].last, &seq);
		return states[i].obeyed ? await_ack() : 0;
	}
	fprintf(stderr, "vfhostile: no such state: %s\n", name);
	return -1;
}

/* An answer to nothing, with any state. */
static void one_status(void)
{
	answer(VFERRY_CMD_PING + rnd() % 5, rnd() | 1, rnd() % VFERRY_MIG_STATES);
}

/* Noise, but no reset. */
static void one_mess(void)
{
	static const uint32_t ids[] = { 2, 3, 4, 5, 6, 0x41, 0x100, 0x140, 0x7f };
	unsigned int w;

	for (w = 1; w < WORDS; w++)
		wr(VMBMEM(w), rnd());
	wr(VMBMEM(0), ids[rnd() % (sizeof(ids) / sizeof(ids[0]))] | (rnd() & 0x00ff0000u));
	wr(V2PMAILBOX, rnd() & (V2P_REQ | V2P_ACK | V2P_VFU));
	if (!(rnd() % 16))
		wr(VTEICS, rnd());
}

/* Processor time of one kernel worker of highest priority, ticks; 0: it is none. */
static unsigned long worker_ticks(const char *pid)
{
	unsigned long user, system;
	char path[300], text[512];
	int nice, fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	/* proc(5): the 14th, 15th and 19th field */
	if (sscanf(text, "%*d (kworker/%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
		   "%lu %lu %*d %*d %*d %d", &user, &system, &nice) != 3 || nice != -20)
		return 0;
	return user + system;
}

static unsigned long all_worker_ticks(void)
{
	unsigned long sum = 0;
	struct dirent *entry;
	DIR *dir = opendir("/proc");

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			sum += worker_ticks(entry->d_name);
	if (dir)
		closedir(dir);
	return sum;
}

static void attack(const char *name, void (*one)(void), double seconds)
{
	unsigned long ticks = all_worker_ticks(), rounds = 0;
	double begin = now();

	for (; now() < begin + seconds; rounds++)
		one();
	ticks = all_worker_ticks() - ticks;
	printf("%s %lu %.0f\n", name, rounds,
	       100.0 * ticks / sysconf(_SC_CLK_TCK) / (now() - begin));
	fflush(stdout);
}

static int attack_in(const char *state, double seconds)
{
	if (come_up() || go_to(state))
		return 1;
	say("there");
	attack("spam", one_spam, seconds);
	attack("hold", one_hold, seconds);
	attack("ack", one_ack, seconds);
	attack("status", one_status, seconds);
	attack("mess", one_mess, seconds);
	wr(V2PMAILBOX, 0);
	return 0;
}

static int late(void)
{
	uint32_t suspend, resume;
	double begin;

	if (come_up())
		return 1;
	if (obey(VFERRY_CMD_MIGRATE, VFERRY_MIG_MIGRATING, &suspend) ||
	    obey(VFERRY_CMD_SUSPEND, VFERRY_MIG_SUSPENDED, &suspend) ||
	    await_command(VFERRY_CMD_RESUME, &resume))
		return 1;
	begin = now();
	answer(VFERRY_CMD_SUSPEND, suspend, VFERRY_MIG_SUSPENDED);
	if (await_command(VFERRY_CMD_RESUME, &resume))
		return 1;
	printf("%.0f\n", (now() - begin) * 1e6);
	wr(V2PMAILBOX, V2P_ACK);
	answer(VFERRY_CMD_RESUME, resume, VFERRY_MIG_IDLE);
	return 0;
}

/* Requests that were refused after a reset that was answered: the PF took it back. */
static int restart(double seconds)
{
	const struct vferry_mbx_hello hello = {
		.min = VFERRY_PROTO_MIN, .max = VFERRY_PROTO_MAX, .features = VFERRY_FEAT_MIGRATE,
	};
	unsigned long rounds = 0, refused = 0;
	double end = now() + seconds;
	uint32_t msg[WORDS];

	for (; now() < end; rounds++) {
		wr(DEV_CTRL, CTRL_RST);
		if (ask((uint32_t[WORDS]) { VFERRY_MBX_RESET }, 1, msg))
			return 1;
		if (ask(msg, vferry_mbx_put_hello(msg, &hello), msg))
			return 1;
		refused += !!(msg[0] & VFERRY_MBX_NACK);
	}
	printf("%lu %lu\n", rounds, refused);
	return 0;
}

static int map_vfio(const char *name)
{
	struct vfio_region_info bar = {
		.argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX,
	};
	int pid, number, process, fd;
	void *p = MAP_FAILED;

	if (sscanf(name, "fd=%d,%d", &pid, &number) != 2)
		return -1;
	process = syscall(SYS_pidfd_open, pid, 0);
	fd = syscall(SYS_pidfd_getfd, process, number, 0);
	if (!ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &bar))
		p = mmap(NULL, BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, bar.offset);
	if (p == MAP_FAILED) {
		perror(name);
		return -1;
	}
	regs = p;
	return 0;
}

static int map_bar(const char *pci)
{
	char path[128];
	int fd;
	void *p;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/enable", pci);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "1", 1) != 1) {
		perror(path);
		return -1;
	}
	close(fd);

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", pci);
	fd = open(path, O_RDWR | O_SYNC);
	if (fd < 0) {
		perror(path);
		return -1;
	}
	p = mmap(NULL, BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p == MAP_FAILED) {
		perror(path);
		return -1;
	}
	regs = p;
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: vfhostile PCI hold|late|quiet|deaf|obey\n"
		"       vfhostile PCI reset|spam|noise|restart SECONDS [SEED]\n"
		"       vfhostile PCI in STATE SECONDS\n");
	return 2;
}

int main(int argc, char **argv)
{
	void (*one)(void);
	unsigned long rounds = 0;
	double end;

	if (argc < 3)
		return usage();
	if (strncmp(argv[1], "fd=", 3) ? map_bar(argv[1]) : map_vfio(argv[1]))
		return 1;
	if (!strcmp(argv[2], "hold")) {
		wr(VMBMEM(0), 1);
		wr(V2PMAILBOX, V2P_VFU | V2P_REQ);
		wr(V2PMAILBOX, V2P_VFU);
		return 0;
	}
	if (!strcmp(argv[2], "late"))
		return late();
	if (!strcmp(argv[2], "quiet"))
		return come_up() ? 1 : 0;
	if (!strcmp(argv[2], "obey"))
		return obey_all();
	if (!strcmp(argv[2], "deaf"))
		return deaf();
	if (!strcmp(argv[2], "in") && argc == 5)
		return attack_in(argv[3], atof(argv[4]));
	if (argc < 4)
		return usage();
	if (!strcmp(argv[2], "restart"))
		return restart(atof(argv[3]));
	if (!strcmp(argv[2], "reset"))
		one = one_reset;
	else if (!strcmp(argv[2], "spam"))
		one = one_spam;
	else if (!strcmp(argv[2], "noise"))
		one = one_noise;
	else
		return usage();

	srandom(argc > 4 ? (unsigned int)atoi(argv[4]) : 1);
	for (end = now() + atof(argv[3]); now() < end; rounds++)
		one();
	printf("%lu\n", rounds);
	return 0;
}
