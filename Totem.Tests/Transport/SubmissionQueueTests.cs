using Totem.Core.Time;
using Totem.Transport.Udp.Queues;

namespace Totem.Tests.Transport;

/// <summary>The ring's thread waits for no thread of the application, wherever that stands still.</summary>
public sealed class SubmissionQueueTests
{
    private const int CapacityBytes = 128;

    private static readonly byte[] Long = new byte[2 * CapacityBytes];

    private readonly SubmissionQueue _queue;
    private int _wakes;

    public SubmissionQueueTests() => _queue = new SubmissionQueue(
        CapacityBytes, 10, () => Interlocked.Increment(ref _wakes), (in _, _, _) => SubmitResult.Accepted);

    [Fact]
    public async Task A_caller_that_stands_still_inside_does_not_stop_the_ring_and_those_who_wait_are_served_behind_it()
    {
        var waiting = AddAsync(Long);
        using (new StandingStill(_queue.Gate))
            Assert.Equal(0, await OnTheRingAsync(() => _queue.Drain(default)));
        Assert.False(waiting.IsCompleted);

        var before = _wakes;
        Assert.Equal(
            SubmitResult.Backpressured, _queue.TryAdd(new Submission(SubmissionKind.Ring, Guarantee.Agreed), Long));
        Assert.Equal(before + 1, _wakes);
        Assert.Equal(1, await OnTheRingAsync(() => _queue.Drain(default)));
        await waiting;
    }

    [Fact]
    public async Task A_caller_that_stands_still_inside_does_not_stop_the_end_and_is_refused_when_it_goes_on()
    {
        using var memory = new SlowMemory();
        var adding = Task.Run(() => AddAsync(memory.Of(8)));
        memory.WaitUntilAsked();
        await OnTheRingAsync(() =>
        {
            _queue.Seal(new ObjectDisposedException("sealed"));
            _queue.Close(new ObjectDisposedException("closed"));
            return true;
        });
        memory.GoOn();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => adding);
    }

    [Fact]
    public async Task A_waiting_caller_hears_of_the_end_from_the_one_that_stood_still_inside()
    {
        var waiting = AddAsync(Long);
        using (new StandingStill(_queue.Gate))
        {
            await OnTheRingAsync(() =>
            {
                _queue.Close(new ObjectDisposedException("closed"));
                return true;
            });
        }

        Assert.Equal(
            SubmitResult.NotRunning, _queue.TryAdd(new Submission(SubmissionKind.Ring, Guarantee.Agreed), [1]));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
    }

    private Task AddAsync(ReadOnlyMemory<byte> payload) =>
        _queue.AddAsync(new Submission(SubmissionKind.Ring, Guarantee.Agreed), payload, default).AsTask();

    private static Task<T> OnTheRingAsync<T>(Func<T> action) => Task.Run(action).WaitAsync(HangLimit.OfAWait);
}
