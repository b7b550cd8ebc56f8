/* fork(): what was made before answers in the child that it is stale, and releasing it there does nothing; new things
 * work in the child, and the parent goes on. */
#include "check.h"

#include <sys/wait.h>

static int exit_code_of(pid_t child)
{
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Everything that a program may have made before it forks. */
struct inherited {
    xi_domain *domain;
    xi_sender *sender;
    xi_receiver *receiver;
    xi_wait *receiving;
    xi_wait *sending;
    xi_value text;
    xi_value ends[2]; /* of a channel whose only ends these are */
};

static const char *const LONG_TEXT = "a text that is too long to lie within the value itself";

static struct inherited make_all(void)
{
    struct inherited all;
    xi_sender *full;
    xi_receiver *other;
    REQUIRE_OK(xi_domain_open(&all.domain));
    check_channel_in(all.domain, 4, &all.sender, &all.receiver);
    REQUIRE_OK(xi_receiver_recv_begin(all.receiver, NULL, NULL, &all.receiving));
    check_channel(0, &full, &other);
    xi_value value = xi_value_int(1);
    REQUIRE_OK(xi_sender_send_begin(full, &value, NULL, NULL, &all.sending));
    REQUIRE_OK(xi_sender_to_value(full, &all.ends[0]));
    REQUIRE_OK(xi_receiver_to_value(other, &all.ends[1]));
    xi_sender_release(full);
    xi_receiver_release(other);
    REQUIRE_OK(xi_value_text(XI_TEXT_ASCII, LONG_TEXT, strlen(LONG_TEXT), &all.text));
    return all;
}

static void stale_handles_answer(struct inherited *all)
{
    xi_value value = xi_value_int(5);
    xi_domain *domain = NULL;
    xi_sender *sender = NULL;
    xi_receiver *receiver = NULL;
    xi_wait *wait = NULL;
    xi_channel_info info = {.struct_size = sizeof info};
    xi_channel_options options = {sizeof options, 1, all->domain};

    CHECK_STATUS(XI_ERR_FORKED, xi_domain_state(all->domain));
    CHECK_STATUS(XI_ERR_FORKED, xi_domain_end_waits(all->domain));
    CHECK_STATUS(XI_ERR_FORKED, xi_domain_close(all->domain));
    CHECK_STATUS(XI_ERR_FORKED, xi_channel_new(&options, &sender, &receiver));

    CHECK_STATUS(XI_ERR_FORKED, xi_sender_try_send(all->sender, &value));
    CHECK_STATUS(XI_ERR_FORKED, xi_sender_send_wait(all->sender, &value, FOREVER));
    CHECK_STATUS(XI_ERR_FORKED, xi_sender_send_begin(all->sender, &value, NULL, NULL, &wait));
    CHECK_STATUS(XI_ERR_FORKED, xi_sender_clone(all->sender, &sender));
    CHECK_STATUS(XI_ERR_FORKED, xi_sender_to_value(all->sender, &value));
    CHECK_STATUS(XI_ERR_FORKED, xi_sender_info(all->sender, &info));
    CHECK_STATUS(XI_ERR_FORKED, xi_sender_close(all->sender));

    CHECK_STATUS(XI_ERR_FORKED, xi_receiver_try_recv(all->receiver, &value));
    CHECK_STATUS(XI_ERR_FORKED, xi_receiver_recv_wait(all->receiver, FOREVER, &value));
    CHECK_STATUS(XI_ERR_FORKED, xi_receiver_recv_begin(all->receiver, NULL, NULL, &wait));
    CHECK_STATUS(XI_ERR_FORKED, xi_receiver_clone(all->receiver, &receiver));
    CHECK_STATUS(XI_ERR_FORKED, xi_receiver_to_value(all->receiver, &value));
    CHECK_STATUS(XI_ERR_FORKED, xi_receiver_info(all->receiver, &info));
    CHECK_STATUS(XI_ERR_FORKED, xi_receiver_close(all->receiver));

    CHECK_STATUS(XI_ERR_FORKED, xi_wait_sleep(all->receiving, FOREVER));
    CHECK(xi_wait_is_settled(all->receiving) == 0);
    CHECK_STATUS(XI_ERR_FORKED, xi_wait_finish(all->receiving, &value));
    CHECK_STATUS(XI_ERR_FORKED, xi_wait_finish(all->sending, &value));
    CHECK(check_int(&value) == 5); /* untouched by all of it */
    CHECK(domain == NULL && sender == NULL && receiver == NULL && wait == NULL);
}

/* Until release_all, which makes moved values of them. */
static void stale_ends_answer(struct inherited *all)
{
    xi_sender *sender = NULL;
    xi_receiver *receiver = NULL;
    CHECK_STATUS(XI_ERR_FORKED, xi_value_as_sender(&all->ends[0], NULL, &sender));
    CHECK_STATUS(XI_ERR_FORKED, xi_value_as_receiver(&all->ends[1], NULL, &receiver));
}

static void release_all(struct inherited *all)
{
    xi_wait_release(all->receiving);
    xi_wait_release(all->sending);
    xi_sender_release(all->sender);
    xi_receiver_release(all->receiver);
    xi_domain_release(all->domain);
    xi_value_release(&all->text);
    xi_value_release(&all->ends[0]);
    xi_value_release(&all->ends[1]);
}

static void *answer_one(void *argument)
{
    xi_receiver *receiver = argument;
    CHECK(check_recv_int(receiver) == 1);
    return NULL;
}

static void new_things_work(void)
{
    xi_domain *domain;
    xi_sender *sender;
    xi_receiver *receiver;
    REQUIRE_OK(xi_domain_open(&domain));
    check_channel_in(domain, 0, &sender, &receiver);
    pthread_t thread = check_thread(answer_one, receiver);
    CHECK_OK(check_send_int(sender, 1));
    check_join(thread);
    xi_value value = {{0, 0}};
    CHECK_STATUS(XI_ERR_TIMEOUT, xi_receiver_recv_wait(receiver, MILLISECOND, &value));
    CHECK_OK(xi_domain_close(domain));
    CHECK_STATUS(XI_ERR_ENDED, xi_receiver_try_recv(receiver, &value));
    xi_sender_release(sender);
    xi_receiver_release(receiver);
    xi_domain_release(domain);
}

static void values_go_on(const struct inherited *all)
{
    xi_text text;
    CHECK_OK(xi_value_as_text(&all->text, &text));
    CHECK(text.len == strlen(LONG_TEXT) && memcmp(text.units, LONG_TEXT, text.len) == 0);
    xi_sender *sender;
    xi_receiver *receiver;
    check_channel(1, &sender, &receiver);
    xi_value value = xi_value_clone(&all->text);
    CHECK_OK(xi_sender_try_send(sender, &value));
    CHECK_OK(xi_receiver_try_recv(receiver, &value));
    int equal = 0;
    CHECK_OK(xi_value_equal(&value, &all->text, &equal));
    CHECK(equal == 1);
    xi_value_release(&value);
    xi_sender_release(sender);
    xi_receiver_release(receiver);
}

static void a_child_starts_anew(void)
{
    struct inherited all = make_all();
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        stale_handles_answer(&all);
        new_things_work();
        values_go_on(&all);
        stale_ends_answer(&all);
        release_all(&all);
        stale_handles_answer(&all); /* which did nothing */
        struct inherited own = make_all();
        pid_t grandchild = fork();
        if (grandchild == 0) {
            stale_handles_answer(&all);
            stale_handles_answer(&own);
            stale_ends_answer(&own);
            new_things_work();
            _exit(atomic_load(&check_failed) != 0);
        }
        CHECK(exit_code_of(grandchild) == 0);
        CHECK(xi_domain_state(own.domain) == XI_DOMAIN_OPEN);
        release_all(&own);
        _exit(atomic_load(&check_failed) != 0);
    }
    CHECK(exit_code_of(child) == 0);

    /* In the parent nothing has changed. */
    CHECK_OK(check_try_send_int(all.sender, 1));
    CHECK_OK(xi_wait_sleep(all.receiving, FOREVER));
    xi_value value = {{0, 0}};
    CHECK_OK(xi_wait_finish(all.receiving, &value));
    CHECK(check_int(&value) == 1);
    all.receiving = NULL;
    release_all(&all);
    new_things_work();
}

struct busy {
    xi_sender *sender;
    xi_receiver *receiver;
    atomic_int stop;
};

static void *keep_busy(void *argument)
{
    struct busy *busy = argument;
    for (int64_t i = 0; atomic_load(&busy->stop) == 0; i++) {
        CHECK_OK(check_try_send_int(busy->sender, i));
        CHECK(check_try_recv_int(busy->receiver) == i);
    }
    return NULL;
}

/* Other threads of the parent hold whatever they hold at the moment of the fork: the child never waits for it. */
static void a_child_waits_for_no_thread_of_its_parent(void)
{
    struct busy busy = {.stop = 0};
    xi_value end;
    check_channel(4, &busy.sender, &busy.receiver);
    REQUIRE_OK(xi_sender_to_value(busy.sender, &end));
    pthread_t thread = check_thread(keep_busy, &busy);
    for (int i = 0; i < 100; i++) {
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            xi_value value = xi_value_int(1);
            CHECK_STATUS(XI_ERR_FORKED, xi_sender_try_send(busy.sender, &value));
            CHECK_STATUS(XI_ERR_FORKED, xi_receiver_try_recv(busy.receiver, &value));
            xi_sender_release(busy.sender);
            xi_receiver_release(busy.receiver);
            xi_value_release(&end);
            new_things_work();
            _exit(atomic_load(&check_failed) != 0);
        }
        CHECK(exit_code_of(child) == 0);
    }
    atomic_store(&busy.stop, 1);
    check_join(thread);
    xi_value_release(&end);
    xi_sender_release(busy.sender);
    xi_receiver_release(busy.receiver);
}

int main(void)
{
    a_child_starts_anew();
    a_child_waits_for_no_thread_of_its_parent();
    return check_report("fork");
}
