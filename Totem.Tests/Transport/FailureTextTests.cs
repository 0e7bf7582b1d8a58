using System.Net.Sockets;
using Totem.Transport.Udp.Embedding;

namespace Totem.Tests.Transport;

/// <summary>The text that an operator reads of a failure.</summary>
public sealed class FailureTextTests
{
    public static TheoryData<Exception, string> Foreseen => new()
    {
        { new TransportException("cannot bind to 127.0.0.1:5405: in use"), "cannot bind to 127.0.0.1:5405: in use" },
        { Refused("token is 1, expected 30 or more", 1), "token is 1, expected 30 or more" },
        { new AggregateException(new IOException("no space left on device")), "no space left on device" },
        { new TypeInitializationException("Some.Type", new IOException("too many open files")), "too many open files" },
        { new SocketException((int)SocketError.AccessDenied),
            new SocketException((int)SocketError.AccessDenied).Message },
        { new InsufficientMemoryException("more than there is"), "no memory" },
    };

    [Theory]
    [MemberData(nameof(Foreseen))]
    public void A_foreseen_failure_is_its_message(Exception failure, string expected)
    {
        Assert.True(FailureText.IsForeseen(failure));
        Assert.Equal(expected, FailureText.Of(failure));
    }

    /// <summary>One line with the place for those who mend it; no type, no stack.</summary>
    [Fact]
    public void A_defect_is_called_one()
    {
        var failure = Assert.Throws<InvalidOperationException>(Fail);
        Assert.False(FailureText.IsForeseen(failure));
        Assert.Equal("a defect of the library: first second (Totem.Tests.Transport.FailureTextTests.Fail)",
            FailureText.Of(failure));
        Assert.Equal("a defect of the library: never thrown",
            FailureText.Of(new InvalidOperationException("never thrown")));
    }

    /// <summary>Its message would be its type.</summary>
    [Fact]
    public void A_defect_without_words_of_its_own_has_no_type_either()
        => Assert.Equal("a defect of the library: it gave no reason", FailureText.Of(new SilentException()));

    private static ArgumentException Refused(string text, int token) => new(text, nameof(token));

    private static void Fail() => throw new InvalidOperationException("first\nsecond");

    private sealed class SilentException : Exception;
}
