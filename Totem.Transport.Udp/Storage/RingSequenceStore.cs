namespace Totem.Transport.Udp.Storage;

/// <summary>
/// Keeps ring sequences ahead of the ring. A block of numbers is stored before the first of them is needed, by a thread
/// of its own, so the ring's thread waits for no disk; a start takes up behind the block, used or not.
/// </summary>
/// <remarks>
/// When storing fails, a member that lives goes on: its rings stay unique as long as it lives, because it remembers
/// them. It says so each time that it uses a number that is not stored. A start that cannot store is refused.
/// </remarks>
internal sealed class RingSequenceStore : IDisposable
{
    /// <summary>Numbers in a block; a change of membership takes 4.</summary>
    internal const ulong BlockCount = 4096;

    /// <summary>An end waits no longer for a flush.</summary>
    private static readonly TimeSpan HangingFlush = TimeSpan.FromSeconds(1);

    private readonly RingSequenceFile _file;
    private readonly Action _wake;
    private readonly SemaphoreSlim _work = new(0);
    private readonly Thread _thread;
    private ulong _reserved;
    private ulong _wanted;
    private Exception? _failure;
    private volatile bool _isOver;

    private RingSequenceStore(RingSequenceFile file, ProcessorId self, Action wake)
    {
        _file = file;
        _wake = wake;
        Start = file.Read();
        _wanted = _reserved = unchecked(Start + BlockCount);
        file.Write(_reserved);
        _thread = new Thread(Run) { IsBackground = true, Name = $"totem store {self}" };
        _thread.Start();
    }

    /// <summary>Reads what is stored and stores the first block.</summary>
    /// <param name="file">Where; the store's own from here on.</param>
    /// <param name="self">The processor, for the name of the thread.</param>
    /// <param name="wake">Called by the storing thread when it has stored or failed.</param>
    /// <exception cref="IOException">It cannot be read or stored.</exception>
    /// <exception cref="InvalidDataException">The stored bytes are no ring sequence.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read or stored.</exception>
    public static RingSequenceStore Open(RingSequenceFile file, ProcessorId self, Action wake)
    {
        try
        {
            return new RingSequenceStore(file, self, wake);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Every number that an earlier life can have used is up to here.</summary>
    public ulong Start { get; }

    /// <summary>Why the last attempt to store failed; null when it did not. Any thread.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>Whether a number is stored. If it is not, or will soon not be, the storing thread
    /// is set to work. The ring's thread.</summary>
    public bool IsStored(ulong sequence)
    {
        var reserved = Volatile.Read(ref _reserved);
        var isStored = sequence <= reserved;
        if (!isStored || reserved - sequence < BlockCount / 2)
            Ask(sequence);
        return isStored;
    }

    /// <summary>Ends the storing thread, which closes the file: the descriptor is gone when this
    /// returns, unless a flush hangs.</summary>
    public void Dispose()
    {
        _isOver = true;
        _work.Release();
        _thread.Join(HangingFlush);
    }

    private void Ask(ulong sequence)
    {
        var wanted = unchecked(sequence + BlockCount);
        // Once for each quarter of a block, or again after a failure.
        if (wanted <= Volatile.Read(ref _wanted) + (BlockCount / 4) && sequence <= Volatile.Read(ref _reserved)
            && Failure is null)
            return;
        Volatile.Write(ref _wanted, wanted);
        if (_work.CurrentCount == 0)
            _work.Release();
    }

    private void Run()
    {
        while (true)
        {
            _work.Wait();
            if (_isOver)
                break;
            var wanted = Volatile.Read(ref _wanted);
            if (wanted <= Volatile.Read(ref _reserved))
                continue;
            try
            {
                _file.Write(wanted);
                Volatile.Write(ref _failure, null);
                Volatile.Write(ref _reserved, wanted);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                Volatile.Write(ref _failure, exception);
            }

            _wake();
        }

        _file.Dispose();
    }
}
