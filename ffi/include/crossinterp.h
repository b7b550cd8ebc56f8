/* crossinterp.h: channels and shareable immutable values between interpreters, threads and languages.
 *
 * This header is the reference manual of the C interface.
 *
 * Ownership  "takes": yours until XI_OK, the library's after.  "gives": *out is set on XI_OK only, and you release it.
 *            "borrows": nothing moves; a pointer given out of a borrowed thing lives as long as that thing is not
 *            moved, changed or released.
 * Threads    Any function, any thread, the same handle from several threads at once, unless marked "one thread".
 *            None needs, takes or touches a Python thread state.
 * Errors     The xi_status is the whole error; there is no last-error text.  A NULL handle or a NULL out pointer is
 *            XI_ERR_NULL.  xi_*_release(NULL) does nothing.
 * Blocking   Only functions whose names end in _wait, and xi_wait_sleep, block.
 * Fork       A handle made before fork() answers XI_ERR_FORKED in the child; releasing it there does nothing.
 *            Values made before fork() go on working, but for the ends in them: taking one out is XI_ERR_FORKED, and
 *            releasing one leaks it.  New handles work.
 */
#ifndef CROSSINTERP_H
#define CROSSINTERP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#if defined(XI_STATIC)
#define XI_API
#else
#define XI_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define XI_API __attribute__((visibility("default")))
#else
#define XI_API
#endif

/* ---- Versions ------------------------------------------------------------------------------------------------- */

/* 0: may change at will until the first release; then raised whenever a compiled caller could break.
 * Compare with xi_abi_version() after loading a shared library. */
#define XI_ABI_VERSION 0u
XI_API uint32_t xi_abi_version(void);

/* The version of the library as text ("0.1.0"); static. */
XI_API const char *xi_version(void);

/* ---- Status --------------------------------------------------------------------------------------------------- */

typedef int32_t xi_status; /* not an enum: its size is part of the ABI.  Numbers are never reused. */
enum {
    XI_OK = 0,
    XI_ERR_NULL = -1,        /* a pointer that must not be NULL is */
    XI_ERR_FULL = -2,        /* no room now; later there may be */
    XI_ERR_EMPTY = -3,       /* no message now; later there may be */
    XI_ERR_CLOSED = -4,      /* the channel is closed, or its other side is gone: never again */
    XI_ERR_NOMEM = -5,       /* out of memory; nothing was changed */
    XI_ERR_TIMEOUT = -6,     /* the time is over; nothing was sent or received */
    XI_ERR_INTERRUPTED = -7, /* a signal handler ran on this thread during the sleep; nothing was sent or received */
    XI_ERR_MOVED = -8,       /* the value was taken before (its kind is XI_KIND_MOVED) */
    XI_ERR_KIND = -9,        /* the value is of another kind than this function reads, or an unknown kind was asked */
    XI_ERR_RANGE = -10,      /* a number, size, index or capacity beyond what can be had */
    XI_ERR_ENDED = -11,      /* the domain of this end ends or has closed; nothing was sent or received */
    XI_ERR_FORKED = -12,     /* the handle was made before fork() and this is the child */
    XI_ERR_UNHASHABLE = -13, /* the value (or a part of it) cannot be a key */
    XI_ERR_MISSING = -14,    /* the map has no such key */
    XI_ERR_ENCODING = -15,   /* the bytes are not text of the form they are said to be */
    XI_ERR_OPTION = -16      /* an options struct or a flag that this version does not know */
};
/* The name of a status, "XI_ERR_FULL"; static, never NULL; "XI_ERR_UNKNOWN" for a number that is none. */
XI_API const char *xi_status_name(xi_status status);

/* ---- Values --------------------------------------------------------------------------------------------------- */

/* 16 bytes: a small thing itself, or a counted reference to an immutable object.  Moved, not copied: "takes" leaves the
 * kind XI_MOVED behind (all zero bits: not none), and using that is XI_ERR_MOVED.  A struct that you copied yourself
 * cannot be told apart: do not.  Read it with the functions below, never by field.  {0} is a moved value. */
typedef struct xi_value {
    uint64_t word[2];
} xi_value;

/* What a value is.  Numbers are never reused. */
enum {
    XI_KIND_MOVED = 0,
    XI_KIND_NONE = 1,
    XI_KIND_BOOL = 2,
    XI_KIND_ELLIPSIS = 3,
    XI_KIND_INT = 4, /* of any size */
    XI_KIND_FLOAT = 5,
    XI_KIND_TEXT = 6,
    XI_KIND_BYTES = 7,
    XI_KIND_TUPLE = 8,
    XI_KIND_LIST = 9,
    XI_KIND_MAP = 10,
    XI_KIND_RECORD = 11, /* items: [0] the type's name (text), then its parts */
    XI_KIND_SENDER = 12,
    XI_KIND_RECEIVER = 13
};

/* The forms in which text is kept: it stays in the form it came in, compares and hashes by code point. */
enum {
    XI_TEXT_ASCII = 0,  /* one byte a code point, below 128 */
    XI_TEXT_UTF8 = 1,   /* well-formed UTF-8 */
    XI_TEXT_LATIN1 = 2, /* one byte a code point */
    XI_TEXT_UCS2 = 3,   /* native uint16_t a code point (never a pair); lone surrogates are kept */
    XI_TEXT_UCS4 = 4    /* native uint32_t a code point, up to 0x10FFFF; lone surrogates are kept */
};

XI_API xi_value xi_value_none(void);
XI_API xi_value xi_value_ellipsis(void);
XI_API xi_value xi_value_bool(int truth); /* 0 is false, all else is true */
XI_API xi_value xi_value_int(int64_t number);
XI_API xi_value xi_value_uint(uint64_t number); /* aborts when out of memory: numbers of 2**63 and more are objects */
XI_API xi_value xi_value_float(double number);
/* An int of any size from its two's complement in little-endian order (len 0 is the number 0).  Borrows; gives *out.
 * XI_ERR_NOMEM. */
XI_API xi_status xi_value_int_from_bytes(const uint8_t *bytes, size_t len, xi_value *out);
/* Borrows bytes[0..len), which may be NULL when len is 0.  Gives *out.  XI_ERR_NOMEM. */
XI_API xi_status xi_value_bytes(const void *bytes, size_t len, xi_value *out);
/* Borrows len code units of the form (for UTF-8 and the one-byte forms: bytes), at any alignment.  Gives *out.
 * XI_ERR_KIND: no such form.  XI_ERR_ENCODING: not text of that form.  XI_ERR_NOMEM. */
XI_API xi_status xi_value_text(int32_t form, const void *units, size_t len, xi_value *out);
/* As xi_value_text, for units that the caller knows to be of the form and to need it, as those of a CPython str do: LATIN1
 * text has a unit above 127, UCS2 text one above 255, UCS4 text one above 65535.  Not checked; of less CPython would make
 * a str that is malformed. */
XI_API xi_status xi_value_text_unchecked(int32_t form, const void *units, size_t len, xi_value *out);

/* The kind of a value; XI_KIND_MOVED for NULL. */
XI_API int32_t xi_value_kind(const xi_value *value);
/* One more reference to the same thing.  A moved value stays moved. */
XI_API xi_value xi_value_clone(const xi_value *value);
/* Frees the thing if this was its last reference, on the calling thread; leaves XI_KIND_MOVED behind. */
XI_API void xi_value_release(xi_value *value);
/* A mark of one reference, not of the thing: a tuple, list, map or record that carries it is to be shown as it stands
 * (read in place) by the one who receives it, instead of being copied out.  XI_ERR_KIND for other kinds. */
XI_API xi_status xi_value_mark_frozen(xi_value *value);
XI_API int xi_value_is_frozen(const xi_value *value); /* 1 or 0 */
/* 1: other references lead to the same object, too.  0: this is the only one, or the thing is inside the value.  Who walks
 * what is nested must remember only the parts that are shared: each other one is met once. */
XI_API int xi_value_is_shared(const xi_value *value);

/* Readers.  Each borrows *value and answers XI_ERR_KIND for another kind, XI_ERR_MOVED for a moved value. */
XI_API xi_status xi_value_as_bool(const xi_value *value, int *out);
/* XI_ERR_RANGE: it does not fit; read it with xi_value_int_to_bytes. */
XI_API xi_status xi_value_as_int(const xi_value *value, int64_t *out);
XI_API xi_status xi_value_as_float(const xi_value *value, double *out);
/* How many bytes the two's complement of an int needs (at least 1). */
XI_API xi_status xi_value_int_size(const xi_value *value, size_t *out);
/* Writes it in little-endian order, sign-extended to len.  XI_ERR_RANGE: len is too small. */
XI_API xi_status xi_value_int_to_bytes(const xi_value *value, uint8_t *bytes, size_t len);
/* The bytes, where they are (inside *value itself when they are few). */
XI_API xi_status xi_value_as_bytes(const xi_value *value, const void **bytes, size_t *len);
typedef struct xi_text {
    const void *units;  /* where they are (inside the xi_value itself when they are few); aligned for the form */
    size_t len;         /* in code units */
    int32_t form;       /* XI_TEXT_... */
    uint32_t max_point; /* the largest code point, or the largest of its class: 127, 255, 65535, 1114111 */
} xi_text;
XI_API xi_status xi_value_as_text(const xi_value *value, xi_text *out);

/* Equal as Python has it: 1 == 1.0 == True, text by code point, maps whatever their order, a list never equals a tuple;
 * ends are equal when they are the same side of the same channel.  *out is 1 or 0.  XI_ERR_MOVED; XI_ERR_NOMEM: they are
 * nested very deep. */
XI_API xi_status xi_value_equal(const xi_value *left, const xi_value *right, int *out);

/* ---- Tuples, lists and records -------------------------------------------------------------------------------- */

typedef struct xi_sequence_builder xi_sequence_builder;
/* A sequence of that kind (XI_KIND_TUPLE, XI_KIND_LIST, XI_KIND_RECORD) with len places, all moved.  One thread.
 * It is memory like a value, not a handle: one made before fork() goes on working.
 * XI_ERR_KIND, XI_ERR_NOMEM, XI_ERR_RANGE (a record without a name). */
XI_API xi_status xi_sequence_new(int32_t kind, size_t len, xi_sequence_builder **out);
/* The places, to be filled by moving values into them; borrowed until finish or release. */
XI_API xi_value *xi_sequence_slots(xi_sequence_builder *builder);
/* Takes the builder, gives *out.  XI_ERR_MOVED: a place was not filled.  XI_ERR_KIND: a record's name is not text.
 * Then nothing happened, and the builder is still yours. */
XI_API xi_status xi_sequence_finish(xi_sequence_builder *builder, xi_value *out);
/* Releases the builder and what is in its places. */
XI_API void xi_sequence_release(xi_sequence_builder *builder);

/* The items of a tuple, list or record, in place. */
XI_API xi_status xi_value_items(const xi_value *value, const xi_value **items, size_t *len);

/* ---- Maps ----------------------------------------------------------------------------------------------------- */

typedef struct xi_map_builder xi_map_builder;
/* Room for that many entries; it grows when there are more.  One thread.  XI_ERR_NOMEM, XI_ERR_RANGE. */
XI_API xi_status xi_map_new(size_t capacity, xi_map_builder **out);
/* Takes *key and *value.  A key that is there already (by xi_value_equal) keeps its place and its first form, and gets
 * the new value, as in Python.  Keys: none, bool, ellipsis, int, float, text, bytes, and tuples of these.
 * XI_ERR_UNHASHABLE, XI_ERR_MOVED, XI_ERR_NOMEM: both are untouched. */
XI_API xi_status xi_map_insert(xi_map_builder *builder, xi_value *key, xi_value *value);
/* Takes the builder, gives *out.  XI_ERR_NOMEM: nothing happened, the builder is still yours. */
XI_API xi_status xi_map_finish(xi_map_builder *builder, xi_value *out);
XI_API void xi_map_release(xi_map_builder *builder);

XI_API xi_status xi_value_map_len(const xi_value *map, size_t *out);
/* The entry at a place in the order of insertion.  XI_ERR_RANGE. */
XI_API xi_status xi_value_map_entry(const xi_value *map, size_t index, const xi_value **key, const xi_value **value);
/* The value of a key, in place; a key with a NaN in it is never found.  XI_ERR_MISSING, XI_ERR_UNHASHABLE; XI_ERR_NOMEM:
 * it is nested very deep. */
XI_API xi_status xi_value_map_get(const xi_value *map, const xi_value *key, const xi_value **out);
/* The same for a text key that need not be a value; units are not checked, as in xi_value_text_unchecked. */
XI_API xi_status xi_value_map_get_text(const xi_value *map, int32_t form, const void *units, size_t len,
                                       const xi_value **out);

/* ---- Domains -------------------------------------------------------------------------------------------------- */

/* One interpreter (or whatever else may end while its threads wait) as the library sees it.  An end made or taken out of
 * a value for a domain is held by it.  A domain goes through three states, in this order, never back. */
typedef struct xi_domain xi_domain;
enum {
    XI_DOMAIN_OPEN = 0,
    XI_DOMAIN_ENDING = 1, /* its waits are ended and new ones refused (XI_ERR_ENDED); what need not wait still works */
    XI_DOMAIN_CLOSED = 2  /* every end it held is released; everything on them answers XI_ERR_ENDED */
};
/* Gives *out.  XI_ERR_NOMEM. */
XI_API xi_status xi_domain_open(xi_domain **out);
/* OPEN -> ENDING.  Every operation that waits on an end of the domain ends with XI_ERR_ENDED; a message that such a wait
 * had been handed, and that was not given out, goes to the next receiver, before everything else. */
XI_API xi_status xi_domain_end_waits(xi_domain *domain);
/* -> CLOSED.  As above, then every end that the domain still holds is released, whoever still has its handle. */
XI_API xi_status xi_domain_close(xi_domain *domain);
/* XI_DOMAIN_OPEN, ..._ENDING, ..._CLOSED; XI_ERR_NULL, XI_ERR_FORKED. */
XI_API int32_t xi_domain_state(const xi_domain *domain);
/* Releases the handle.  It does not close the domain: the ends it holds keep it. */
XI_API void xi_domain_release(xi_domain *domain);

/* ---- Channels ------------------------------------------------------------------------------------------------- */

typedef struct xi_sender xi_sender;     /* the channel lives while ends do; the last sender's going is seen by the */
typedef struct xi_receiver xi_receiver; /* receivers (XI_ERR_CLOSED after the last message), and the other way round */

#define XI_UNBOUNDED SIZE_MAX
typedef struct xi_channel_options {
    size_t struct_size; /* sizeof(xi_channel_options) */
    size_t capacity;    /* XI_UNBOUNDED; 0: rendezvous; else how many messages may be queued */
    xi_domain *domain;  /* borrowed; what holds the two ends, or NULL */
} xi_channel_options;   /* new fields go at the end */
/* Gives both.  options may be NULL: unbounded, no domain.
 * XI_ERR_OPTION (struct_size), XI_ERR_RANGE (capacity), XI_ERR_NOMEM, XI_ERR_ENDED, XI_ERR_FORKED. */
XI_API xi_status xi_channel_new(const xi_channel_options *options, xi_sender **sender, xi_receiver **receiver);

/* One more end of the same channel, held by the same domain.  Gives *out. */
XI_API xi_status xi_sender_clone(const xi_sender *sender, xi_sender **out);
XI_API xi_status xi_receiver_clone(const xi_receiver *receiver, xi_receiver **out);
/* Lets the end go. */
XI_API void xi_sender_release(xi_sender *sender);
XI_API void xi_receiver_release(xi_receiver *receiver);

/* A value that owns one more end of the same channel, held by no domain: to be sent.  Gives *out. */
XI_API xi_status xi_sender_to_value(const xi_sender *sender, xi_value *out);
XI_API xi_status xi_receiver_to_value(const xi_receiver *receiver, xi_value *out);
/* One more end of the channel whose end the value is, held by that domain (or by none: NULL).  Borrows; gives *out.
 * XI_ERR_KIND, XI_ERR_ENDED, XI_ERR_FORKED, XI_ERR_NOMEM. */
XI_API xi_status xi_value_as_sender(const xi_value *value, xi_domain *domain, xi_sender **out);
XI_API xi_status xi_value_as_receiver(const xi_value *value, xi_domain *domain, xi_receiver **out);

/* Takes *value.  XI_ERR_FULL, XI_ERR_CLOSED, XI_ERR_MOVED, XI_ERR_NOMEM, XI_ERR_ENDED: it is untouched and yours. */
XI_API xi_status xi_sender_try_send(const xi_sender *sender, xi_value *value);
/* The same, and sleeps while there is no room, at most timeout_ns (UINT64_MAX: for ever; 0: not at all).  Instead of
 * XI_ERR_FULL: XI_ERR_TIMEOUT, XI_ERR_INTERRUPTED. */
XI_API xi_status xi_sender_send_wait(const xi_sender *sender, xi_value *value, uint64_t timeout_ns);
/* Gives *out.  XI_ERR_EMPTY, XI_ERR_CLOSED (only after every value sent before the close was received),
 * XI_ERR_ENDED. */
XI_API xi_status xi_receiver_try_recv(const xi_receiver *receiver, xi_value *out);
/* The same, and sleeps while there is no message.  Instead of XI_ERR_EMPTY: XI_ERR_TIMEOUT, XI_ERR_INTERRUPTED. */
XI_API xi_status xi_receiver_recv_wait(const xi_receiver *receiver, uint64_t timeout_ns, xi_value *out);

/* Closes the channel from either side: nothing more can be sent, what is queued can still be received.  Answers XI_OK
 * also when it was closed already.  XI_ERR_ENDED. */
XI_API xi_status xi_sender_close(const xi_sender *sender);
XI_API xi_status xi_receiver_close(const xi_receiver *receiver);

/* What is known of a channel; each number is of its own moment. */
typedef struct xi_channel_info {
    size_t struct_size; /* in: sizeof(xi_channel_info) */
    size_t len;         /* messages queued */
    size_t capacity;    /* as in the options */
    size_t senders;     /* ends there are */
    size_t receivers;
    uint64_t id;    /* of the channel; not used again while an end of it lives */
    int32_t closed; /* 1: closed, or one side is gone */
} xi_channel_info;
/* XI_ERR_OPTION (struct_size).  On an end whose domain has closed: of the channel, with closed 1. */
XI_API xi_status xi_sender_info(const xi_sender *sender, xi_channel_info *out);
XI_API xi_status xi_receiver_info(const xi_receiver *receiver, xi_channel_info *out);

/* ---- Waits: sending and receiving in three steps -------------------------------------------------------------- */

/* One waiting operation.  It is begun, sleeps as often as its owner likes (or not at all: it can call a function
 * instead), and is finished.  It keeps its place among the waiters of its channel from beginning to end: waking up for a
 * signal, or for a message that somebody else was faster to take, costs no turn.
 * It is settled when it is worth a try: it was handed a message, or there may be one (or room), or the channel was closed,
 * or the domain ends.  A message that it was handed stays in it until xi_wait_try or xi_wait_finish gives it out; if the
 * wait is released instead, or its domain ends before, the message goes to the next receiver, before all that was sent
 * later.  One thread, but for xi_domain_end_waits and xi_domain_close, which end it from any thread.  No wait outlives its
 * end. */
typedef struct xi_wait xi_wait;
/* Called when the wait is settled, once for each time (from any thread, also from within begin and xi_wait_try), unless the
 * wait is finished or released before.  It must not block, take a Python thread state, or call back into the same channel.  When xi_wait_finish or
 * xi_wait_release has returned, it is not running and will not be called: data may be freed then.  (For that they wait
 * until a call that is running has returned.) */
typedef void (*xi_wake)(void *data);

/* Gives *out.  wake may be NULL: then xi_wait_sleep is how to wait.  XI_ERR_ENDED, XI_ERR_FORKED, XI_ERR_NOMEM. */
XI_API xi_status xi_receiver_recv_begin(const xi_receiver *receiver, xi_wake wake, void *data, xi_wait **out);
/* Takes *value, gives *out.  Also XI_ERR_MOVED. */
XI_API xi_status xi_sender_send_begin(const xi_sender *sender, xi_value *value, xi_wake wake, void *data,
                                      xi_wait **out);
/* Sleeps until the wait is settled (XI_OK), the time is over (XI_ERR_TIMEOUT: it still waits) or a signal came
 * (XI_ERR_INTERRUPTED: it still waits).  XI_ERR_OPTION for a wait with a wake function. */
XI_API xi_status xi_wait_sleep(xi_wait *wait, uint64_t timeout_ns);
/* 1: settled, it is time for xi_wait_try or xi_wait_finish; 0: still waiting. */
XI_API int xi_wait_is_settled(const xi_wait *wait);
/* What came of the wait, as xi_wait_finish says it, which ends and frees it.  But where nothing came, and nothing ended it
 * (somebody else was faster), it waits on in its place: XI_ERR_EMPTY for a receive, XI_ERR_FULL for a send.  Neither frees
 * it XI_ERR_NOMEM, which comes only with a wake function.  (It may be settled again at once, when another thread is in the
 * middle of its operation: let others run then.) */
XI_API xi_status xi_wait_try(xi_wait *wait, xi_value *value);
/* Ends and frees the wait, whatever it answers (but XI_ERR_NULL).  Never waits for a message or for room.
 * A receive: XI_OK gives the message in *value.  A send: XI_OK, sent; all else gives the unsent value back in *value.
 * Still waiting, or woken for what somebody else was faster to take: XI_ERR_TIMEOUT, nothing happened and nothing will.  XI_ERR_CLOSED, XI_ERR_ENDED as elsewhere. */
XI_API xi_status xi_wait_finish(xi_wait *wait, xi_value *value);
/* Ends and frees the wait; a message in it goes to the next receiver, an unsent value is released. */
XI_API void xi_wait_release(xi_wait *wait);

/* Nanoseconds of the clock that timeouts are measured with; for callers that wait in several steps. */
XI_API uint64_t xi_clock_ns(void);

#ifdef __cplusplus
}
#endif

#endif /* CROSSINTERP_H */
