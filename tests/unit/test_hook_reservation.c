// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: reservations of VFs, as text and as files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pf.h"
#include "reservation.h"
#include "store.h"
#include "unit.h"

static const struct reservation usual = {
	.uuid = "c7a5fdbd-edaf-9455-926a-d65c16db1809", .name = "wéb \"1\"\\",
	.state = RESERVATION_PREPARED, .since = 1234567, .daemon = { 77, 8888 },
	.undo_mac = true, .mac = { 0x52, 0x54, 0, 1, 2, 3 }, .undo_vlan = true, .vlan = 7, .qos = 3,
};

static void assert_equal(const struct reservation *a, const struct reservation *b)
{
	assert_string_equal(a->uuid, b->uuid);
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->since, b->since);
	assert_int_equal(a->daemon.pid, b->daemon.pid);
	assert_int_equal(a->daemon.start, b->daemon.start);
	assert_int_equal(a->undo_mac, b->undo_mac);
	assert_memory_equal(a->mac, b->mac, 6);
	assert_int_equal(a->undo_vlan, b->undo_vlan);
	assert_int_equal(a->vlan, b->vlan);
	assert_int_equal(a->qos, b->qos);
}

static void there_and_back(void **state)
{
	struct reservation r, least = { .uuid = "u", .name = "n" };
	char *text = reservation_text(&usual);

	(void)state;
	assert_non_null(text);
	assert_int_equal(reservation_read(text, strlen(text), &r), 0);
	assert_equal(&r, &usual);
	free(text);
	for (enum reservation_state s = RESERVATION_INCOMING; s <= RESERVATION_RUNNING; s++) {
		least.state = s;
		text = reservation_text(&least);
		assert_int_equal(reservation_read(text, strlen(text), &r), 0);
		assert_equal(&r, &least);
		free(text);
	}
	strcpy(least.name, "\xff");
	assert_null(reservation_text(&least));
}

static void bad_text(void **state)
{
#define HEAD	"{\"uuid\":\"u\",\"name\":\"n\",\"state\":\"running\",\"since\":1"
	static const char *const bad[] = {
		"", "{}", "words", "[]", "1",
		"{\"uuid\":\"u\",\"name\":\"n\",\"state\":\"running\"}",
		"{\"uuid\":\"u\",\"name\":\"n\",\"state\":\"gone\",\"since\":1}",
		"{\"uuid\":\"u\",\"name\":\"\",\"state\":\"running\",\"since\":1}",
		"{\"uuid\":\"u\",\"name\":1,\"state\":\"running\",\"since\":1}",
		"{\"uuid\":\"u\",\"name\":\"n\",\"state\":\"running\",\"since\":-1}",
		"{\"uuid\":\"u\",\"name\":\"n\",\"state\":\"running\",\"since\":1.5}",
		"{\"uuid\":\"0123456789012345678901234567890123456\",\"name\":\"n\",\"state\":\"running\","
		"\"since\":1}",
		HEAD ",\"since\":2}", HEAD "}}", HEAD ",\"daemon\":1}", HEAD ",\"daemon\":{\"pid\":1}}",
		HEAD ",\"daemon\":{\"pid\":0,\"start\":1}}", HEAD ",\"daemon\":{\"pid\":4294967297,\"start\":1}}",
		HEAD ",\"mac\":\"52:54:00:01:02\"}", HEAD ",\"mac\":\"52:54:00:01:02:3\"}",
		HEAD ",\"mac\":\"52:54:00:01:02:03 \"}", HEAD ",\"mac\":null}",
		HEAD ",\"vlan\":4095,\"qos\":0}", HEAD ",\"vlan\":1}", HEAD ",\"vlan\":1,\"qos\":8}",
		HEAD ",\"vlan\":\"1\",\"qos\":0}",
	};
	static const char good[] = HEAD ",\"later\":true}";
	struct reservation r;
	size_t i;

	(void)state;
	assert_int_equal(reservation_read(good, strlen(good), &r), 0);
	for (i = 0; i < COUNT(bad); i++)
		if (reservation_read(bad[i], strlen(bad[i]), &r) != -EBADMSG)
			fail_msg("%s", bad[i]);
}

static void stale(void **state)
{
	struct reservation r = { .since = 1000, .daemon = { 77, 8888 } };

	(void)state;
	for (r.state = RESERVATION_INCOMING; r.state <= RESERVATION_PREPARED; r.state++) {
		assert_false(reservation_is_stale(&r, 1000, false, true));
		assert_false(reservation_is_stale(&r, 1000 + RESERVATION_LIFE, false, true));
		assert_true(reservation_is_stale(&r, 1001 + RESERVATION_LIFE, false, true));
		assert_true(reservation_is_stale(&r, 999, false, true));	/* of another boot */
		assert_true(reservation_is_stale(&r, 1001, false, false));
		assert_false(reservation_is_stale(&r, 1001 + RESERVATION_LIFE, true, false));
	}
	r.daemon.pid = 0;	/* not known: only time tells */
	r.state = RESERVATION_INCOMING;
	assert_false(reservation_is_stale(&r, 1001, false, false));
	r.state = RESERVATION_RUNNING;
	assert_true(reservation_is_stale(&r, 1000, false, true));
	assert_false(reservation_is_stale(&r, 999999, true, false));
}

static char folder[] = "/tmp/test-store-XXXXXX";

static int make_folder(void **state)
{
	static char path[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/vferry", folder);	/* it makes that itself */
	store_path = path;
	return 0;
}

static int remove_folder(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static void files(void **state)
{
	struct reservation other = usual, r;
	char (*list)[MSG_PCI];
	size_t count;
	struct store store;

	(void)state;
	assert_int_equal(store_open(&store), 0);
	assert_int_equal(store_list(&store, &list, &count), 0);
	assert_int_equal(count, 0);
	free(list);
	assert_int_equal(store_get(&store, "0000:01:10.0", &r), -ENOENT);
	assert_int_equal(store_add(&store, "0000:01:10.0", &usual), 0);
	strcpy(other.name, "other");
	assert_int_equal(store_add(&store, "0000:01:10.0", &other), -EEXIST);
	assert_int_equal(store_get(&store, "0000:01:10.0", &r), 0);
	assert_equal(&r, &usual);
	assert_int_equal(store_replace(&store, "0000:01:10.0", &other), 0);
	assert_int_equal(store_get(&store, "0000:01:10.0", &r), 0);
	assert_equal(&r, &other);
	assert_int_equal(store_add(&store, "0000:01:10.2", &usual), 0);
	assert_int_equal(store_list(&store, &list, &count), 0);
	assert_int_equal(count, 2);	/* and no file that is just being written */
	free(list);
	assert_int_equal(store_remove(&store, "0000:01:10.0"), 0);
	assert_int_equal(store_remove(&store, "0000:01:10.0"), -ENOENT);
	assert_int_equal(store_list(&store, &list, &count), 0);
	assert_int_equal(count, 1);
	assert_string_equal(list[0], "0000:01:10.2");
	free(list);
	assert_int_equal(store_remove(&store, "0000:01:10.2"), 0);
	store_close(&store);
}

static void bad_files(void **state)
{
	char long_text[5000];
	struct reservation r;
	struct store store;
	int fd;

	(void)state;
	assert_int_equal(store_open(&store), 0);
	fd = openat(store.dir, "0000:01:10.4", O_WRONLY | O_CREAT, 0644);
	assert_int_equal(write(fd, "words", 5), 5);
	assert_int_equal(store_get(&store, "0000:01:10.4", &r), -EBADMSG);
	memset(long_text, ' ', sizeof(long_text));
	assert_int_equal(write(fd, long_text, sizeof(long_text)), sizeof(long_text));
	close(fd);
	assert_int_equal(store_get(&store, "0000:01:10.4", &r), -EBADMSG);
	assert_int_equal(store_remove(&store, "0000:01:10.4"), 0);
	assert_int_equal(symlinkat("/etc/passwd", store.dir, "0000:01:10.4"), 0);
	assert_int_equal(store_get(&store, "0000:01:10.4", &r), -ELOOP);
	assert_int_equal(store_remove(&store, "0000:01:10.4"), 0);
	store_close(&store);
}

static void the_lock(void **state)
{
	uint64_t begin = now_ns(), ms;
	struct store store, second;

	(void)state;
	assert_int_equal(store_open(&store), 0);
	assert_int_equal(store_open(&second), -ETIMEDOUT);
	ms = (now_ns() - begin) / 1000000;
	assert_in_range(ms, STORE_LOCK_MS, STORE_LOCK_MS + 5000);
	store_close(&store);
	assert_int_equal(store_open(&second), 0);
	store_close(&second);
}

/* Whoever may read the folder cannot hold up who needs it. */
static void others_cannot_lock(void **state)
{
	int fd = open(store_path, O_RDONLY | O_DIRECTORY);
	struct store store;
	struct stat lock;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(store_open(&store), 0);
	assert_int_equal(fstat(store.lock, &lock), 0);
	assert_int_equal(lock.st_mode & 07777, 0600);
	store_close(&store);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(bad_text),
		cmocka_unit_test(stale),
		cmocka_unit_test(files),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(the_lock),
		cmocka_unit_test(others_cannot_lock),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
