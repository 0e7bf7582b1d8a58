using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Totem.Tests.Transport;

namespace Totem.Hosting.Tests;

/// <summary>samples/Service as its user starts it: two processes.</summary>
public sealed class ServiceSampleTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _state = new();
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(5));
    private readonly HttpClient _client = new();
    private readonly int _port = Ports.TakeBase();
    private readonly List<Process> _processes = [];

    public Task InitializeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Two_instances_have_one_state_and_show_their_health_and_metrics()
    {
        var first = await StartAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await GetAsync($"{first}/health/ready")).Code);
        var second = await StartAsync();
        foreach (var url in (string[])[first, second])
        {
            await WaitForAsync(url, "/health/ready", x => x == "Healthy");
            Assert.Equal((HttpStatusCode.OK, "Healthy"), await GetAsync($"{url}/health/live"));
        }

        for (var i = 1; i <= 10; i++)
        {
            using var answer = await _client.PostAsync(
                new Uri($"{(i % 2 == 0 ? first : second)}/counts/apples"), null, _limit.Token);
            Assert.Equal($"{i}", await answer.Content.ReadAsStringAsync(_limit.Token));
        }

        await WaitForAsync(first, "/counts/apples", x => x == "10");
        await WaitForAsync(second, "/counts/apples", x => x == "10");
        var metrics = (await GetAsync($"{first}/metrics")).Text;
        Assert.Contains("totem_messages_delivered", metrics, StringComparison.Ordinal);
    }

    private async Task<string> StartAsync()
    {
        var url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePort()}");
        var info = new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                Path.Combine(AppContext.BaseDirectory, "Service.dll"), "--urls", url, "--Totem:ExpectedMembers", "2",
                "--Totem:Port", $"{_port}", "--Totem:StateDirectory", _state.Path,
            },
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = Process.Start(info)!;
        _processes.Add(process);
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        var errors = process.StandardError.ReadToEndAsync(_limit.Token);
        while (!await AnswersAsync(url))
        {
            if (process.HasExited)
                Assert.Fail(await errors);
        }

        return url;
    }

    private async Task<bool> AnswersAsync(string url)
    {
        try
        {
            using var answer = await _client.GetAsync(new Uri($"{url}/health/live"), _limit.Token);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task WaitForAsync(string url, string path, Func<string, bool> condition)
    {
        while (!condition((await GetAsync(url + path)).Text))
            _limit.Token.ThrowIfCancellationRequested();
    }

    private async Task<(HttpStatusCode Code, string Text)> GetAsync(string url)
    {
        using var answer = await _client.GetAsync(new Uri(url), _limit.Token);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(_limit.Token));
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public async Task DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        _client.Dispose();
        _limit.Dispose();
        _state.Dispose();
    }
}
