import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import sun.misc.Unsafe;

/** Threads fill, copy, compress, grow and drop native buffers of several MiB; each prints a checksum of what it held. */
public class Buffers {
    static final int MIB = 1 << 20;

    static Unsafe unsafe() throws Exception {
        Field field = Unsafe.class.getDeclaredField("theUnsafe");
        field.setAccessible(true);
        return (Unsafe) field.get(null);
    }

    static ByteBuffer made(int bytes, long seed) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes);
        LongBuffer words = buffer.asLongBuffer();
        while (words.hasRemaining()) {
            int at = words.position();
            if (words.get(at) != 0)
                throw new AssertionError("a new buffer is not zero at " + at);
            words.put((at % 1000) * seed);
        }
        return buffer;
    }

    static long crc(ByteBuffer buffer) {
        CRC32 crc = new CRC32();
        crc.update(buffer.duplicate().clear());
        return crc.getValue();
    }

    static void packed(ByteBuffer buffer, StringBuilder said) throws Exception {
        Deflater deflater = new Deflater(1);
        ByteBuffer small = ByteBuffer.allocateDirect(buffer.capacity() + 1024), again = ByteBuffer.allocateDirect(buffer.capacity());
        deflater.setInput(buffer.duplicate().clear());
        deflater.finish();
        deflater.deflate(small);
        deflater.end();
        Inflater inflater = new Inflater();
        inflater.setInput(small.flip());
        inflater.inflate(again);
        inflater.end();
        if (!again.clear().equals(buffer.duplicate().clear()))
            throw new AssertionError("not the same after compression");
        said.append(' ').append(small.limit());
    }

    /** Grows and shrinks one piece of memory, which has to keep what was in it. */
    static void grown(long seed, StringBuilder said) throws Exception {
        Unsafe unsafe = unsafe();
        long at = 0, had = 0, sum = 0;
        for (int mib : new int[] {1, 3, 2, 9, 10, 24, 5, 6}) {
            long bytes = (long) mib * MIB + seed;
            at = unsafe.reallocateMemory(at, bytes);
            for (long i = 0; i < Math.min(had, bytes); i++)
                if (unsafe.getByte(at + i) != (byte) (had % 251))
                    throw new AssertionError("not the same at " + i + " of " + bytes + ", which was " + had);
            unsafe.setMemory(at, bytes, (byte) (bytes % 251));
            had = bytes;
            sum += unsafe.getByte(at + bytes - 1);
        }
        unsafe.freeMemory(at);
        said.append(' ').append(sum);
    }

    static String worked(int worker) throws Exception {
        StringBuilder said = new StringBuilder("worker " + worker + ":");
        List<ByteBuffer> held = new ArrayList<>();
        for (int round = 0; round < 8; round++) {
            ByteBuffer buffer = made((1 + (worker + round) % 6) * MIB + 8 * worker, worker * 31L + round);
            ByteBuffer copy = ByteBuffer.allocateDirect(buffer.capacity()).put(buffer.duplicate());
            if (crc(copy) != crc(buffer))
                throw new AssertionError("not the same after a copy");
            held.add(copy);
            if (held.size() > 3)
                held.remove(0);
            said.append(' ').append(Long.toHexString(crc(buffer)));
            if (round % 4 == worker % 4)
                packed(buffer, said);
        }
        grown(worker, said);
        return said.toString();
    }

    public static void main(String[] args) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        List<Future<String>> results = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            int worker = i;
            Callable<String> work = () -> worked(worker);
            results.add(threads.submit(work));
        }
        threads.shutdown();
        for (Future<String> result : results) {
            System.out.println(result.get());
            System.gc(); // frees the direct buffers that nobody holds any more
        }
    }
}
