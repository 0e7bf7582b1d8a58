using System.Buffers.Binary;
using Totem.Core.Wire;

namespace Totem.Simulation.Fuzz;

/// <summary>
/// Makes bad frames out of good ones. The frame of a number is a function of the seeds, the seed and that number alone:
/// a failure is replayed by asking for its number again, without the frames before it. Allocates nothing after
/// construction; used by one thread at a time.
/// </summary>
internal sealed class FrameMutator
{
    // Some frames are longer than any datagram: decoders must refuse them too.
    private const int BufferBytes = WireFormat.MaxFrameBytes + 512;
    private const int StepCountMax = 3;
    private const int RandomFrameBytesMax = 400;

    // Around every limit of the wire, and where signs and sizes overflow.
    private static readonly uint[] Extremes =
    [
        0, 1, 2, 3, 14, 15, 29, 30, 31, 32, 127, 128, 129, 255, 256, 383, 384, 385, 16_383, 16_384, 16_385,
        65_535, 65_536,
        0x0FFF_FFFF, 0x1000_0000, 0x1FFF_FFFF, 0x2000_0000, 0x3FFF_FFFF, 0x4000_0000, 0x7FFF_FFFF, 0x8000_0000,
        0x8000_0001,
        0xFFFF_0000, 0xFFFF_FFFE, 0xFFFF_FFFF,
    ];

    private readonly IReadOnlyList<byte[]> _seeds;
    private readonly ulong _seed;
    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _length;

    /// <summary>A mutator of these frames, which it never writes to.</summary>
    /// <exception cref="ArgumentException">There are no frames, or one that is longer than a datagram.</exception>
    public FrameMutator(IReadOnlyList<byte[]> seeds, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        if (seeds.Count == 0 || seeds.Any(x => x.Length > WireFormat.MaxFrameBytes))
            throw new ArgumentException($"{seeds.Count} frames; at least one, and each at most "
                + $"{WireFormat.MaxFrameBytes} bytes expected", nameof(seeds));
        _seeds = seeds;
        _seed = seed;
    }

    /// <summary>A bad frame made from one of the seeds, or from nothing. Valid until the next call.</summary>
    public ReadOnlySpan<byte> Next(ulong number)
    {
        var random = new SplitMix(_seed, number);
        return Mutate(_seeds[random.Below(_seeds.Count)], ref random);
    }

    /// <summary>A bad frame made from this one, as a network would that corrupts what is on its
    /// way. Valid until the next call.</summary>
    public ReadOnlySpan<byte> Mutate(ReadOnlySpan<byte> frame, ulong number)
    {
        var random = new SplitMix(_seed, number);
        return Mutate(frame, ref random);
    }

    private ReadOnlySpan<byte> Mutate(ReadOnlySpan<byte> frame, scoped ref SplitMix random)
    {
        frame.CopyTo(_buffer);
        _length = frame.Length;
        for (var steps = 1 + random.Below(StepCountMax); steps > 0; steps--)
            Step(ref random);
        return _buffer.AsSpan(0, _length);
    }

    private void Step(ref SplitMix random)
    {
        switch (random.Below(12))
        {
            case 0 or 1:
                FlipBits(ref random);
                break;
            case 2:
                _length = random.Below(_length + 1);
                break;
            case 3:
                Extend(ref random);
                break;
            case 4 or 5:
                SetCount(ref random);
                break;
            case 6 or 7:
                SetField(ref random);
                break;
            case 8:
                Splice(ref random);
                break;
            case 9:
                ChangeHeader(ref random);
                break;
            case 10:
                Repeat(ref random);
                break;
            default:
                Scramble(ref random);
                break;
        }
    }

    private void FlipBits(ref SplitMix random)
    {
        for (var flips = 1 + random.Below(8); flips > 0 && _length > 0; flips--)
            _buffer[random.Below(_length)] ^= (byte)(1 << random.Below(8));
    }

    private void Extend(ref SplitMix random)
    {
        // Rarely as far as the buffer goes: long frames are slow to make.
        var added = random.Below(4096) == 0 ? BufferBytes - _length
            : Math.Min(random.Below(600), BufferBytes - _length);
        random.Fill(_buffer.AsSpan(_length, Math.Min(added, 600)));
        _length += added;
    }

    private void SetCount(ref SplitMix random)
    {
        if (_length < WireFormat.HeaderBytes)
            return;
        var offsets = FrameLayout.CountOffsetsOf(_buffer[3]);
        if (offsets.IsEmpty)
            return;
        var offset = offsets[random.Below(offsets.Length)];
        if (offset + 4 > _length)
            return;
        WriteU32(offset, RandomNumber(ref random));
    }

    private void SetField(ref SplitMix random)
    {
        if (_length >= 4)
            WriteU32(random.Below(_length - 3), RandomNumber(ref random));
    }

    /// <summary>The head of this frame and the tail of another, at the same place or not.</summary>
    private void Splice(ref SplitMix random)
    {
        var other = _seeds[random.Below(_seeds.Count)];
        var cut = random.Below(_length + 1);
        var from = random.Below(2) == 0 ? Math.Min(cut, other.Length) : random.Below(other.Length + 1);
        var tail = other.AsSpan(from, Math.Min(other.Length - from, BufferBytes - cut));
        tail.CopyTo(_buffer.AsSpan(cut));
        _length = cut + tail.Length;
    }

    private void ChangeHeader(ref SplitMix random)
    {
        if (_length < WireFormat.HeaderBytes)
            return;
        switch (random.Below(4))
        {
            case 0:
                (_buffer[0], _buffer[1]) = (_buffer[1], _buffer[0]);
                break;
            case 1:
                _buffer[3] = (byte)random.Below(7);
                break;
            case 2:
                _buffer[4] = (byte)random.Below(4);
                break;
            default:
                _buffer[random.Below(5)] = (byte)random.Below(256);
                break;
        }
    }

    /// <summary>A piece of the frame once more, over what stood behind it or in between.</summary>
    private void Repeat(ref SplitMix random)
    {
        if (_length == 0)
            return;
        var from = random.Below(_length);
        var count = 1 + random.Below(Math.Min(_length - from, 64));
        var to = random.Below(_length);
        count = Math.Min(count, BufferBytes - to);
        _buffer.AsSpan(from, count).CopyTo(_buffer.AsSpan(to));
        _length = Math.Max(_length, to + count);
    }

    /// <summary>Nothing but random bytes, half of the time behind a good header.</summary>
    private void Scramble(ref SplitMix random)
    {
        _length = random.Below(RandomFrameBytesMax);
        random.Fill(_buffer.AsSpan(0, _length));
        if (_length < WireFormat.HeaderBytes || random.Below(2) == 0)
            return;
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer, WireFormat.Magic);
        _buffer[2] = WireFormat.Version;
        _buffer[3] = (byte)random.Below((byte)FrameKind.TokenLoan + 1);
        _buffer[4] = (byte)(_buffer[3] == (byte)FrameKind.RegularMessage ? 1 + random.Below(2) : 0);
        foreach (var offset in FrameLayout.CountOffsetsOf(_buffer[3]))
        {
            if (offset + 4 <= _length)
                WriteU32(offset, (uint)random.Below(20));
        }
    }

    private static uint RandomNumber(ref SplitMix random) => random.Below(4) switch
    {
        0 => (uint)random.Next(),
        1 => (uint)random.Below(64),
        _ => Extremes[random.Below(Extremes.Length)],
    };

    private void WriteU32(int offset, uint value)
    {
        // In the order the frame claims to have, so that an extreme is one in both.
        if (_buffer[0] == WireFormat.Magic >> 8)
            BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(offset), value);
        else
            BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(offset), value);
    }

    /// <summary>SplitMix64 (Steele, Lea, Flood 2014): a generator that is cheap to start anew for each frame.</summary>
    private struct SplitMix(ulong seed, ulong number)
    {
        private const ulong Golden = 0x9E37_79B9_7F4A_7C15;

        private ulong _state = Mix(seed + Mix(number * Golden + 1));

        public ulong Next() => Mix(_state += Golden);

        /// <summary>A number from 0 up to, but not including, the bound.</summary>
        public int Below(int bound) => (int)(((Next() >> 32) * (ulong)bound) >> 32);

        public void Fill(Span<byte> bytes)
        {
            for (; bytes.Length >= 8; bytes = bytes[8..])
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, Next());
            foreach (ref var last in bytes)
                last = (byte)Next();
        }

        private static ulong Mix(ulong z)
        {
            z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
            z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
            return z ^ (z >> 31);
        }
    }
}
