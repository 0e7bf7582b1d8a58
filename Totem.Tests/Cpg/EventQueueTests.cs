using Totem.Cpg.Sessions;
using Totem.Tests.Requirements;
using Totem.Tests.Transport;

namespace Totem.Tests.Cpg;

/// <summary>The ring's thread waits for no thread of the program, wherever that stands still.</summary>
public sealed class EventQueueTests : IDisposable
{
    private int _roomCount;
    private readonly EventQueue _queue;

    public EventQueueTests() => _queue = new EventQueue(1000, () => _roomCount++);

    public void Dispose() => _queue.Dispose();

    [LinuxFact]
    public async Task A_thread_that_stands_still_inside_stops_neither_events_nor_the_end()
    {
        using (new StandingStill(_queue.Gate))
        {
            await OnTheRingAsync(() =>
            {
                _queue.Add(CpgEvent.Message(1, 1, new byte[1000], _queue.Memory));
                _queue.Add(CpgEvent.Message(1, 2, [2], _queue.Memory));
                Assert.False(_queue.HasRoom);
            });
        }

        Assert.Equal(TakeResult.Taken, Take());
        Assert.Equal(1, _roomCount);
        Assert.Equal(TakeResult.Taken, Take());
        Assert.Equal(TakeResult.Empty, Take());

        using (new StandingStill(_queue.Gate))
            await OnTheRingAsync(_queue.Fail);
        Assert.Equal(TakeResult.Failed, Take());
    }

    /// <summary>Nobody is told of what nobody looks for, and whoever looks sees what came before.</summary>
    [LinuxFact]
    public void Events_from_before_anybody_looked_are_seen_at_the_first_look()
    {
        _queue.Add(CpgEvent.Message(1, 1, [1], _queue.Memory));
        var watch = _queue.Watch();
        Assert.True(Descriptors.IsReadable(watch));
        _queue.EndWatch();
        Assert.Equal(TakeResult.Taken, Take());

        // Nobody looks now, so the descriptor need not be true; the next one that looks sees that
        // nothing waits, and then what comes.
        _queue.Add(CpgEvent.Message(1, 1, [1], _queue.Memory));
        Assert.Equal(TakeResult.Taken, Take());
        Assert.False(Descriptors.IsReadable(_queue.Descriptor));
        _queue.Add(CpgEvent.Message(1, 1, [1], _queue.Memory));
        Assert.True(Descriptors.IsReadable(_queue.Descriptor));
        Assert.True(Descriptors.IsReadable(watch));
        Descriptors.Close(watch);
    }

    private TakeResult Take()
    {
        var result = _queue.TryTake(out var taken);
        if (result == TakeResult.Taken)
            taken.Free(_queue.Memory);
        return result;
    }

    private static Task OnTheRingAsync(Action action) => Task.Run(action).WaitAsync(HangLimit.OfAWait);
}
