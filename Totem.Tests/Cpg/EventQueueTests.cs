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
    public async Task Who_stands_still_inside_stops_neither_what_comes_nor_the_end()
    {
        using (new StandingStill(_queue.Gate))
        {
            await OnTheRingAsync(() =>
            {
                _queue.Add(CpgEvent.Message(1, 1, new byte[1000]));
                _queue.Add(CpgEvent.Message(1, 2, [2]));
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

    private TakeResult Take()
    {
        var result = _queue.TryTake(out var taken);
        if (result == TakeResult.Taken)
            taken.Free();
        return result;
    }

    private static Task OnTheRingAsync(Action action) => Task.Run(action).WaitAsync(HangLimit.OfAWait);
}
