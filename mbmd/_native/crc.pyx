"""CRC16 of Modbus RTU: polynomial 0xA001 (reflected 0x8005), start 0xFFFF.

Eight bytes at a time: by tables, so that of a step only two look-ups wait for those of the step before.
"""

from cpython.bytes cimport PyBytes_AsString, PyBytes_Size

cdef enum:
    STRIDE = 8

cdef unsigned short[STRIDE][256] TABLES  # what a byte comes to behind which so many others follow


cdef void fill_tables() noexcept:
    cdef unsigned int byte, crc, bit
    cdef int following
    for byte in range(256):
        crc = byte
        for bit in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
        TABLES[0][byte] = <unsigned short> crc
    for following in range(1, STRIDE):
        for byte in range(256):
            crc = TABLES[following - 1][byte]
            TABLES[following][byte] = <unsigned short> ((crc >> 8) ^ TABLES[0][crc & 0xFF])


cdef unsigned int crc16_of(const unsigned char* data, Py_ssize_t length) noexcept nogil:
    cdef unsigned int crc = 0xFFFF
    cdef Py_ssize_t i
    while length >= STRIDE:
        crc = (
            TABLES[7][(crc ^ data[0]) & 0xFF]
            ^ TABLES[6][(crc >> 8) ^ data[1]]
            ^ TABLES[5][data[2]]
            ^ TABLES[4][data[3]]
            ^ TABLES[3][data[4]]
            ^ TABLES[2][data[5]]
            ^ TABLES[1][data[6]]
            ^ TABLES[0][data[7]]
        )
        data += STRIDE
        length -= STRIDE
    for i in range(length):
        crc = (crc >> 8) ^ TABLES[0][(crc ^ data[i]) & 0xFF]
    return crc


fill_tables()


def crc16(bytes data not None):
    return crc16_of(<const unsigned char*> PyBytes_AsString(data), PyBytes_Size(data))
