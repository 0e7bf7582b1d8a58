namespace Totem.Cpg.Sessions;

/// <summary>What the dispatch flags mean. Callbacks run without a lock, so they may send, leave, dispatch again and finalise.</summary>
internal static class Dispatcher
{
    public static CsError Run(EventQueue queue, CpgDispatch flag, ICpgReceiver receiver)
    {
        switch (flag)
        {
            case CpgDispatch.One:
                return Next(queue, receiver, wait: true);
            case CpgDispatch.OneNonblocking:
                return Next(queue, receiver, wait: false);
            case CpgDispatch.All:
                CsError result;
                while ((result = Next(queue, receiver, wait: false)) == CsError.Ok)
                {
                }

                return result == CsError.TryAgain ? CsError.Ok : result;
            case CpgDispatch.Blocking:
                while ((result = Next(queue, receiver, wait: true)) == CsError.Ok)
                {
                }

                return result;
            default:
                return CsError.InvalidParameter;
        }
    }

    private static CsError Next(EventQueue queue, ICpgReceiver receiver, bool wait)
    {
        switch (queue.TryTake(out var taken, wait))
        {
            case TakeResult.Empty:
                return CsError.TryAgain;
            case TakeResult.Failed:
                return CsError.Library;
            case TakeResult.Closed:
                return CsError.BadHandle;
        }

        try
        {
            taken.Deliver(receiver);
        }
        finally
        {
            taken.Free();
        }

        // Finalised by its own callback: the handle is no longer one.
        return queue.IsClosed ? CsError.BadHandle : CsError.Ok;
    }
}
