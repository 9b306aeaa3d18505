package io.hourglass.landing.upload.s3;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;

/** The threads that send parts, for all uploads of the process. A caller without a free slot waits. */
public final class Senders {
    private final ExecutorService threads = Executors.newCachedThreadPool(Senders::thread);
    private final Semaphore slots;

    /** @param slots parts in flight, which bounds the memory that they hold */
    public Senders(int slots) {
        this.slots = new Semaphore(slots);
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "upload");
        thread.setDaemon(true);
        return thread;
    }

    public <T> Future<T> submit(Callable<T> work) throws IOException {
        try {
            slots.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("interrupted while waiting to send").initCause(e);
        }
        FutureTask<T> task = new FutureTask<>(work) {
            @Override
            protected void done() { // once, whether it ran or was cancelled before
                slots.release();
            }
        };
        threads.execute(task);
        return task;
    }

    /** Run in a thread, without a slot and without a result. */
    void later(Runnable work) {
        threads.execute(work);
    }
}
