/* Polls Modbus/TCP meters with libmodbus until it is ended: what a program in C would do.
 *
 * From standard input come numbers: threads, ports and each port, reads and for each its address, its count of
 * registers, its count of values and the place of each. Each thread asks its share of the devices one after the other.
 * Ends with 1 and a message when something is not answered. The declarations are those of libmodbus 3.1, so that its
 * headers are not needed.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct _modbus modbus_t;
modbus_t *modbus_new_tcp(const char *ip_address, int port);
int modbus_connect(modbus_t *ctx);
int modbus_set_slave(modbus_t *ctx, int slave);
int modbus_read_input_registers(modbus_t *ctx, int addr, int nb, uint16_t *dest);
float modbus_get_float_abcd(const uint16_t *src);
const char *modbus_strerror(int errnum);

enum { MOST_PORTS = 1024, MOST_READS = 16, MOST_VALUES = 128 };

struct read {
    int address, count, values;
    int places[MOST_VALUES];
};

static int threads, ports, reads;
static modbus_t *devices[MOST_PORTS];
static struct read read_of[MOST_READS];

static void fail(const char *what)
{
    fprintf(stderr, "libmodbus: %s: %s\n", what, modbus_strerror(errno));
    _exit(1);
}

static int number(int most)
{
    int given;
    if (scanf("%d", &given) != 1 || given < 0 || given > most) {
        fprintf(stderr, "libmodbus: a number up to %d is missing\n", most);
        _exit(1);
    }
    return given;
}

static void take(modbus_t *device, const struct read *read, float *values)
{
    uint16_t registers[MOST_VALUES];
    if (modbus_read_input_registers(device, read->address, read->count, registers) != read->count)
        fail("read");
    for (int i = 0; i < read->values; i++)
        values[i] = modbus_get_float_abcd(registers + read->places[i]);
}

static void *poll(void *first)
{
    float values[MOST_VALUES];
    for (;;)
        for (int device = (int)(intptr_t)first; device < ports; device += threads)
            for (int i = 0; i < reads; i++)
                take(devices[device], &read_of[i], values);
    return NULL;
}

static modbus_t *connected(int port)
{
    modbus_t *device = modbus_new_tcp("127.0.0.1", port);
    if (!device || modbus_set_slave(device, 1) || modbus_connect(device))
        fail("connect");
    return device;
}

int main(void)
{
    threads = number(MOST_PORTS);
    ports = number(MOST_PORTS);
    for (int i = 0; i < ports; i++)
        devices[i] = connected(number(65535));
    reads = number(MOST_READS);
    for (int i = 0; i < reads; i++) {
        struct read *read = &read_of[i];
        read->address = number(65535);
        read->count = number(125);
        read->values = number(MOST_VALUES);
        for (int value = 0; value < read->values; value++)
            read->places[value] = number(124);
    }
    for (int i = 1; i < threads; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, poll, (void *)(intptr_t)i))
            fail("thread");
    }
    poll((void *)0);
}
