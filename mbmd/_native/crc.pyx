"""CRC16 of Modbus RTU: polynomial 0xA001 (reflected 0x8005), start 0xFFFF."""

from cpython.bytes cimport PyBytes_AsString, PyBytes_Size

cdef unsigned short TABLE[256]


cdef void fill_table() noexcept:
    cdef unsigned int byte, crc, bit
    for byte in range(256):
        crc = byte
        for bit in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
        TABLE[byte] = <unsigned short> crc


cdef unsigned int crc16_of(const unsigned char* data, Py_ssize_t length) noexcept nogil:
    cdef unsigned int crc = 0xFFFF
    cdef Py_ssize_t i
    for i in range(length):
        crc = (crc >> 8) ^ TABLE[(crc ^ data[i]) & 0xFF]
    return crc


fill_table()


def crc16(bytes data not None):
    return crc16_of(<const unsigned char*> PyBytes_AsString(data), PyBytes_Size(data))
