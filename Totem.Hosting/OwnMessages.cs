using System.Diagnostics;

namespace Totem.Hosting;

/// <summary>
/// The own messages that are on their way, in the order in which they were accepted. A member is delivered its own
/// messages in that order, so the next own message that comes is the first of them.
/// </summary>
internal sealed class OwnMessages : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _gate = new();
    private readonly LinkedList<Entry> _underWay = [];
    private Exception? _end;

    /// <summary>Sends one message; others that send wait for their turn, so that the list has the order of the
    /// ring.</summary>
    /// <returns>A task that completes when the message has been handled here.</returns>
    public async ValueTask<Task<GroupPlace>> SendAsync(
        Func<ValueTask> multicast, Activity? activity, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        var entry = new Entry(activity);
        LinkedListNode<Entry> place;
        lock (_gate)
        {
            if (_end is { } end)
                entry.Place.SetException(end);
            place = _underWay.AddLast(entry);
        }

        try
        {
            await multicast().ConfigureAwait(false);
            return entry.Place.Task;
        }
        catch
        {
            // It was not accepted, so it never comes.
            lock (_gate)
            {
                if (place.List is not null)
                    _underWay.Remove(place);
            }

            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>An own message has been handled.</summary>
    public void Complete(GroupPlace place)
    {
        Entry entry;
        lock (_gate)
        {
            if (_underWay.First is not { } first)
                return;
            entry = first.Value;
            _underWay.RemoveFirst();
        }

        entry.Place.TrySetResult(place);
        entry.Activity?.Dispose();
    }

    /// <summary>No more messages come.</summary>
    public void End(Exception reason)
    {
        List<Entry> left;
        lock (_gate)
        {
            _end ??= reason;
            left = [.. _underWay];
            _underWay.Clear();
        }

        foreach (var entry in left)
        {
            entry.Place.TrySetException(reason);
            entry.Activity?.SetStatus(ActivityStatusCode.Error, reason.Message).Dispose();
        }
    }

    public void Dispose() => _turn.Dispose();

    private sealed class Entry(Activity? activity)
    {
        public TaskCompletionSource<GroupPlace> Place { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Activity? Activity => activity;
    }
}
