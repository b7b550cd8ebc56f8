/* Two threads play ping-pong over two channels.
 *
 *   gcc -std=c11 -pthread ping.c $(pkg-config --cflags --libs crossinterp) -o ping && ./ping
 *
 * Prints:
 *   ping 1
 *   pong 1
 *   ping 2
 *   pong 2
 *   ping 3
 *   pong 3
 *   the other side has gone: XI_ERR_CLOSED
 */
#include <crossinterp.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* Here nothing is expected to fail: say what did, and stop. */
static void must(xi_status status, const char *what)
{
    if (status != XI_OK) {
        fprintf(stderr, "%s: %s\n", what, xi_status_name(status));
        exit(1);
    }
}

struct player {
    xi_receiver *in;
    xi_sender *out;
};

/* Answers each number, until the channel is closed; then lets both ends go. */
static void *answer(void *argument)
{
    struct player *player = argument;
    xi_value ball;
    while (xi_receiver_recv_wait(player->in, UINT64_MAX, &ball) == XI_OK) {
        int64_t number;
        must(xi_value_as_int(&ball, &number), "as_int");
        printf("ping %d\n", (int)number);
        must(xi_sender_send_wait(player->out, &ball, UINT64_MAX), "send"); /* takes the ball */
    }
    xi_receiver_release(player->in);
    xi_sender_release(player->out);
    return NULL;
}

int main(void)
{
    /* One place each: a sender that is ahead by more than one message sleeps. */
    xi_channel_options options = {.struct_size = sizeof options, .capacity = 1};
    struct player other;
    xi_sender *out;
    xi_receiver *in;
    must(xi_channel_new(&options, &out, &other.in), "channel");
    must(xi_channel_new(&options, &other.out, &in), "channel");

    pthread_t thread;
    if (pthread_create(&thread, NULL, answer, &other) != 0) {
        return 1;
    }
    for (int64_t round = 1; round <= 3; round++) {
        xi_value ball = xi_value_int(round);
        must(xi_sender_send_wait(out, &ball, UINT64_MAX), "send");
        must(xi_receiver_recv_wait(in, UINT64_MAX, &ball), "recv");
        int64_t number;
        must(xi_value_as_int(&ball, &number), "as_int");
        printf("pong %d\n", (int)number);
        xi_value_release(&ball);
    }
    must(xi_sender_close(out), "close"); /* what is queued could still be received */
    pthread_join(thread, NULL);

    xi_value nothing;
    xi_status status = xi_receiver_recv_wait(in, UINT64_MAX, &nothing);
    printf("the other side has gone: %s\n", xi_status_name(status));
    xi_sender_release(out);
    xi_receiver_release(in);
    return status == XI_ERR_CLOSED ? 0 : 1;
}
